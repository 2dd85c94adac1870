import Wire

/// Children that have stopped running and have not ended.
extension Supervisor {
  /// How long a child that says that it is alive may be silent: six times that it missed in a row,
  /// and some that were late, are no want of a processor. So long may a supervisor itself be silent
  /// before the broker gives it up.
  package static let silenceMilliseconds = 3500
  /// What counts at most of the time between two pulses. More is a sleep of this process, through
  /// which it could hear nobody.
  private static let countedMilliseconds = 2 * Notice.aliveMilliseconds

  mutating func pulse(now: Instant) {
    let time = min(
      now.microseconds(since: lastPulse), Int64(Self.countedMilliseconds) * 1000)
    lastPulse = now
    for slot in slots.indices {
      // Whoever is to end anyway has a time set for that.
      guard var child = slots[slot].child, child.stop == nil else { continue }
      child.pulse(time)
      slots[slot].state = .running(child)
      guard let silence = child.silence, silence >= Int64(Self.silenceMilliseconds) * 1000 else {
        continue
      }
      kill(slot, why: "no sign of life for \(Self.silenceMilliseconds) ms")
    }
  }
}
