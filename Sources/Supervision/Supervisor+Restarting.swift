import Wire

/// A restart of everything without an outage: one child at a time, the next one only when the last
/// one's successor is ready. If that does not come up, the others are left as they are until it does.
extension Supervisor {
  /// Children that take HUP themselves get it, the others are restarted. Asked for again before the
  /// end, it begins anew: whatever was started before that is old.
  mutating func restartRequested(now: Instant) {
    guard mode == .running else { return }
    var turns: [Round.Turn] = []
    var takers: [Int32] = []
    for slot in slots.indices.sorted(by: { (urgency($0), $0) < (urgency($1), $1) }) {
      if case .blocked = slots[slot].state { continue }
      if slots[slot].isRetiring { continue }
      let child = slots[slot].child
      if slots[slot].heard.contains(.takesHangUp) && child?.stop == nil {
        // One that has not said so yet has not started anything either.
        if let child, child.said.contains(.takesHangUp) { takers.append(child.pid) }
      } else {
        turns.append(Round.Turn(slot: slot, generation: slots[slot].generation))
      }
    }
    publish(
      Line("supervisor.restarting").with("workers", turns.count).with("passed_to", takers.count))
    for pid in takers { effects.append(.signal(group: pid, .hangUp)) }
    round = Round(waiting: turns)
  }

  /// Who is ending goes first, then who is not ready: they are missed the least.
  private func urgency(_ slot: Int) -> Int {
    if slots[slot].child?.stop != nil { return 0 }
    return slots[slot].phase == .ready ? 2 : 1
  }

  /// Goes on with the restart as far as that is possible now.
  mutating func continueRound(now: Instant) {
    while mode == .running, let round {
      if let turn = round.current {
        if slots[turn.slot].isRetiring {
          self.round?.current = nil
          continue
        }
        guard let settled = settlement(of: turn), settled <= now else { return }
        self.round?.current = nil
        self.round?.restarted += 1
      } else if let turn = round.waiting.first {
        self.round?.waiting.removeFirst()
        self.round?.current = turn
        guard slots[turn.slot].generation == turn.generation, isWanted(turn.slot) else { continue }
        if let child = slots[turn.slot].child, child.stop == nil { tellToEnd(turn.slot, now: now) }
      } else {
        self.round = nil
        publish(Line("supervisor.restarted").with("workers", round.restarted))
      }
    }
  }

  /// When the successor in a slot counts as ready: as soon as it says so, or, where nobody ever has
  /// said so, when it has lived for a while. Nil as long as there is none, or nobody can know.
  func settlement(of turn: Round.Turn) -> Instant? {
    let slot = slots[turn.slot]
    guard let child = slot.child, child.stop == nil,
      slot.generation ?? .min > turn.generation ?? .min
    else { return nil }
    if child.isReady { return child.startedAt }
    if slot.heard.contains(.ready) { return nil }
    return child.startedAt.adding(milliseconds: Backoff.stableMilliseconds)
  }
}
