import Wire

/// A process of a simulated world.
struct SimulatedProcess {
  let slot: Int
  let generation: Int64
  let startedAt: Instant
  /// Whether it ends when it is told to.
  let obeys: Bool
  /// Whether not even SIGKILL ends it soon.
  let sticks: Bool
  /// When it says next that it is alive; nil for one that never does.
  var speaksAt: Instant?
  /// What it has said and the supervisor has not heard.
  var unheard: Set<Notice> = []
  /// What the supervisor has heard.
  var heard: Set<Notice> = []
  /// Since when it runs no more.
  var hangsSince: Instant?
  /// How long the supervisor has been awake since then, in microseconds.
  var silence: Int64 = 0
  /// When it ends; nil as long as nothing makes it end.
  var endsAt: Instant?

  mutating func hang(_ now: Instant) {
    hangsSince = hangsSince ?? now
  }

  /// Says what it has had the time to say.
  mutating func speak(until now: Instant) {
    guard hangsSince == nil else { return }
    while let time = speaksAt, time <= now {
      unheard.insert(.alive)
      speaksAt = time.adding(milliseconds: Notice.aliveMilliseconds)
    }
  }
}
