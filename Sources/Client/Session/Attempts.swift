internal import Wire

/// The attempts to connect: those that end at once follow each other ever more slowly.
struct Attempts {
  /// From the beginning of one to that of the next.
  private static let leastMilliseconds = 10
  private static let mostMilliseconds = 500

  private var began: Instant
  private var interval = leastMilliseconds
  /// When the next one begins, nil as long as the last one may succeed, or has.
  private(set) var due: Instant?

  /// The first one begins.
  init(now: Instant) {
    began = now
  }

  /// The last one has failed, or its connection is lost.
  mutating func fail(now: Instant) {
    let next = began.adding(milliseconds: interval)
    interval = now < next ? min(2 * interval, Self.mostMilliseconds) : Self.leastMilliseconds
    due = max(now, next)
  }

  mutating func succeed() {
    due = nil
  }

  /// Whether the next one is to begin now.
  mutating func begin(now: Instant) -> Bool {
    guard let due, now >= due else { return false }
    began = now
    self.due = nil
    return true
  }
}
