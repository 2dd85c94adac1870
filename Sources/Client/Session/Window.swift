package import Wire

/// How many requests are without an answer at once: about as many as are answered in 5 ms.
///
/// That is enough for the cluster to be always busy, whatever its latency, and little enough that a
/// request waits no longer than that behind others of the same client. More gained nothing: of 1, 5,
/// 10 and 20 ms, 5 ms had the most lookups a second. While answers are large, there
/// are so few that memory is bounded also when nobody reads what is printed.
package struct Window {
  /// In microseconds.
  private static let period: Int64 = 5000
  /// What slow statements also get: so many workers can be busy with one client.
  private static let least = 256
  private static let maxBytes = 16 << 20
  /// Whatever their size, so many are on their way.
  private static let leastLarge = 16

  private let bound: Int
  /// The most requests in flight, for now.
  package private(set) var limit: Int
  private var answers = 0
  private var start: Instant
  /// In bytes: that of the largest answer, which is slowly forgotten.
  private var answerSize = 0

  package init(limit bound: Int, now: Instant) {
    self.bound = bound
    limit = min(Self.least, bound)
    start = now
  }

  package func hasRoom(beside inFlight: Int) -> Bool {
    inFlight < limit
      && (inFlight < Self.leastLarge || inFlight * answerSize < Self.maxBytes)
  }

  /// An answer of so many bytes has come.
  package mutating func take(answerOf count: Int, now: Instant) {
    answerSize = max(count, answerSize - answerSize >> 8)
    let passed = now.microseconds - start.microseconds
    if passed >= Self.period {
      let inPeriod = Int(Int64(answers) * Self.period / passed)
      // Slower down than up, as answers come in bursts that a period may just miss.
      limit = min(max(inPeriod, limit - limit / 8, Self.least), limit * 2, bound)
      answers = 0
      start = now
    }
    // Those that come together belong to the next period, whole.
    answers += 1
  }
}
