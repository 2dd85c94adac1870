/// A point of monotonic time, in microseconds since some start that does not change while the
/// process lives.
package struct Instant: Comparable, Hashable, Sendable {
  package let microseconds: Int64

  /// The start from which time is counted: before everything.
  package static let start = Instant(microseconds: 0)

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  // What the standard library would make of the first costs routers more than the comparison.
  package static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }
  package static func >= (a: Instant, b: Instant) -> Bool { a.microseconds >= b.microseconds }
  package static func <= (a: Instant, b: Instant) -> Bool { a.microseconds <= b.microseconds }
  package static func > (a: Instant, b: Instant) -> Bool { a.microseconds > b.microseconds }

  /// Microseconds from another instant to this one, negative when that one is later.
  package func microseconds(since other: Instant) -> Int64 { microseconds - other.microseconds }

  /// Milliseconds from another instant to this one, rounded up, so that whoever waits for them
  /// does not wake too early; 0 when that one is later.
  package func millisecondsUp(since other: Instant) -> Int {
    Int(max(0, (microseconds(since: other) + 999) / 1000))
  }

  package func adding(milliseconds: Int) -> Instant {
    Instant(microseconds: microseconds + Int64(milliseconds) * 1000)
  }

  package func adding(microseconds more: Int64) -> Instant {
    Instant(microseconds: microseconds + more)
  }
}
