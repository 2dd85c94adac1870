internal import Wire

/// Keeps what may happen all the time from being told more than once a second.
struct OnceASecond {
  private var next = Instant.start

  mutating func isDue(_ now: Instant) -> Bool {
    guard now >= next else { return false }
    next = now.adding(milliseconds: 1000)
    return true
  }
}
