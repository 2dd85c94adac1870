package import Wire

/// How long a worker may keep what it was given together.
///
/// Whoever is behind a request that turns out to be slow shall not wait for it: when the time is over
/// in between two requests, what was not begun is given back with the answers to what was. When it is
/// over in the middle of one, the router is told, which takes back all but this, done or not; and of a
/// series all, as it cannot tell which it is.
package struct BatchClock {
  /// After that no other request is begun.
  static let workMicroseconds: Int64 = 2000
  /// After that one of a series is broken off, to be run alone: before the router is told.
  static let seriesMilliseconds = 5
  /// After that the router is told which one takes so long. A process may be kept from running for a
  /// few milliseconds by others.
  package static let overrunMilliseconds = 10

  private var begun: Instant?
  private var isOverrun = false

  /// Several requests have come at once.
  package mutating func begin(now: Instant) {
    begun = now
    isOverrun = false
  }

  package mutating func end() { begun = nil }

  /// Whether one more request may be begun, behind the first.
  package func goesOn(now: Instant) -> Bool {
    guard let begun else { return true }
    return !isOverrun && now.microseconds(since: begun) < Self.workMicroseconds
  }

  /// Whether it is time to tell the router, which is told once.
  package mutating func overruns(now: Instant) -> Bool {
    guard let begun, !isOverrun,
      now >= begun.adding(milliseconds: Self.overrunMilliseconds)
    else { return false }
    isOverrun = true
    return true
  }
}
