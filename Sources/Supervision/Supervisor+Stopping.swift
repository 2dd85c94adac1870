import Wire

/// The end of the whole: each child is told, has its time, and is killed after it, whatever the
/// others do.
extension Supervisor {
  mutating func stopRequested(now: Instant) {
    guard mode == .running else { return killAll(why: "asked for a second time", now: now) }
    let told = beginStopping(killAt: now.adding(milliseconds: settings.graceMilliseconds))
    for pid in told { effects.append(.signal(group: pid, .terminate)) }
    finishWhenAllHaveEnded()
  }

  mutating func orphaned(now: Instant) {
    if mode == .running { _ = beginStopping(killAt: now) }
    killAll(why: "the supervisor above is gone", now: now)
    if abandonAt == nil {
      abandonAt = now.adding(milliseconds: Self.orphanedMilliseconds)
    }
    finishWhenAllHaveEnded()
  }

  /// Kills the children whose time is over, and gives up those that were killed long ago.
  mutating func hurryOverdue(now: Instant) {
    for slot in slots.indices {
      guard let child = slots[slot].child else { continue }
      switch child.stop {
      case .asked(let killAt) where killAt <= now:
        kill(slot, why: "the grace of \(settings.graceMilliseconds) ms is over", now: now)
      case .killed(_, let stuckAt) where stuckAt <= now:
        giveUp(slot, child, now: now)
      default: break
      }
    }
  }

  /// Says to everyone, before the first child is told, that its end will not be an accident.
  /// Returns whom this concerns: not those that are to end already.
  private mutating func beginStopping(killAt: Instant) -> [Int32] {
    mode = .stopping
    publish(Line("supervisor.stopping"))
    var pids: [Int32] = []
    for slot in slots.indices {
      switch slots[slot].state {
      case .waiting, .blocked: slots[slot].state = .ended
      case .running(let child):
        guard child.stop == nil else { continue }
        announceStop(slot, killAt: killAt)
        pids.append(child.pid)
      case .spawning, .ended: break
      }
    }
    return pids
  }

  /// Announces the end of one child and asks for it.
  mutating func tellToEnd(_ slot: Int, now: Instant) {
    guard let child = slots[slot].child else { return }
    announceStop(slot, killAt: now.adding(milliseconds: settings.graceMilliseconds))
    effects.append(.signal(group: child.pid, .terminate))
  }

  private mutating func announceStop(_ slot: Int, killAt: Instant) {
    guard var child = slots[slot].child else { return }
    child.stop = .asked(killAt: killAt)
    slots[slot].state = .running(child)
    publish(slots[slot].event("worker.stopping"))
  }

  private mutating func killAll(why: String, now: Instant) {
    hurry = why
    for slot in slots.indices {
      if case .asked = slots[slot].child?.stop { kill(slot, why: why, now: now) }
    }
  }

  mutating func kill(_ slot: Int, why: String, now: Instant) {
    guard var child = slots[slot].child else { return }
    child.stop = .killed(why: why, stuckAt: now.adding(milliseconds: Stuck.patience))
    slots[slot].state = .running(child)
    publish(slots[slot].event("worker.killed").with("why", why))
    effects.append(.signal(group: child.pid, .kill))
  }

  mutating func finishWhenAllHaveEnded() {
    let allHaveEnded = slots.allSatisfy { if case .ended = $0.state { true } else { false } }
    if mode == .stopping && allHaveEnded { finish(.stopped) }
  }
}
