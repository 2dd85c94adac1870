package import Wire

/// How many requests are without an answer at once: about as many as are answered in 20 ms.
///
/// That is enough for the cluster to be always busy, whatever its latency, and little enough that a
/// request waits no longer than that behind others of the same client. While answers are large, there
/// are so few that memory is bounded also when nobody reads what is printed.
package struct Window {
  /// In microseconds.
  private static let period: Int64 = 20_000
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
    answers += 1
    let passed = now.microseconds - start.microseconds
    guard passed >= Self.period else { return }
    let inPeriod = Int(Int64(answers) * Self.period / passed)
    limit = min(max(inPeriod, limit / 2, Self.least), limit * 2, bound)
    answers = 0
    start = now
  }
}
