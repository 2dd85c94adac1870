import Wire

/// Children that hang, and those that cannot even be ended.
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
      kill(slot, why: "no sign of life for \(Self.silenceMilliseconds) ms", now: now)
    }
  }

  /// The kernel has said that a child stands still, or goes on.
  mutating func suspended(_ pid: Int32, _ isSuspended: Bool) {
    guard let slot = slot(of: pid), var child = slots[slot].child else { return }
    child.isSuspended = isSuspended
    slots[slot].state = .running(child)
  }

  /// Goes on without the process in a slot, which was killed and has not ended.
  mutating func giveUp(_ slot: Int, _ child: Child, now: Instant) {
    stuck.append(Stuck(slot: slot, child: child, exit: slots[slot].event("worker.exited")))
    let event = slots[slot].event(EventWord.stuck)
    slots[slot].state = isWanted(slot) ? opening(of: slot, now: now) : .ended
    var why = "it has not ended \(Stuck.patience) ms after it was killed"
    if case .blocked = slots[slot].state {
      why += "; there is no other one until one of \(Stuck.maxPerSlot) such has ended"
    }
    publish(event.with("why", why))
    finishWhenAllHaveEnded()
  }

  /// How a slot waits for its next process.
  func opening(of slot: Int, now: Instant) -> Slot.State {
    stuck.count { $0.slot == slot } < Stuck.maxPerSlot ? .waiting(until: now) : .blocked
  }

  /// Whether a process that has ended was stuck.
  mutating func stuckExited(_ pid: Int32, _ ending: Ending, now: Instant) -> Bool {
    guard let index = stuck.firstIndex(where: { $0.child.pid == pid }) else { return false }
    let one = stuck.remove(at: index)
    publish(one.exit.with(ending).with("why", one.child.explanation(of: ending)))
    effects.append(.signal(group: pid, .kill))
    if case .blocked = slots[one.slot].state {
      slots[one.slot].state = opening(of: one.slot, now: now)
    }
    return true
  }
}
