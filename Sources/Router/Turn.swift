internal import Wire

/// What may be taken from one socket before the others have their turn: messages and requests cost time
/// by their number, by their size, and some by what they ask for.
struct Turn {
  static let messages = 256
  static let bytes = 1 << 20
  static let milliseconds = 10

  private let end: Instant
  private var messages = 0
  private var bytes = 0

  init(now: Instant) {
    end = now.adding(milliseconds: Self.milliseconds)
  }

  /// A message of this size was taken and dealt with. Returns whether the turn goes on.
  mutating func goesOn(after size: Int, now: Instant) -> Bool {
    messages += 1
    bytes += size
    return messages < Self.messages && bytes < Self.bytes && now < end
  }
}
