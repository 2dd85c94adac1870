internal import Wire

/// How long to wait before the next attempt to send what had no room: an eighth of the time in which none had any.
/// So whoever takes long for an answer hardly waits longer for the next one, and whoever takes none costs little.
struct Retry {
  static let leastMilliseconds = 1
  static let mostMilliseconds = 50

  private(set) var milliseconds = leastMilliseconds
  private var vainSince: Instant?

  /// To be called when something was sent, or there is something new to be sent.
  mutating func begin() { self = Retry() }

  /// To be called when nothing could be sent.
  mutating func failed(now: Instant) {
    let since = vainSince ?? now
    vainSince = since
    let share = Int(now.microseconds(since: since) / 1000) / 8
    milliseconds = min(max(share, Self.leastMilliseconds), Self.mostMilliseconds)
  }
}
