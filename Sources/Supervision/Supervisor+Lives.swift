import Wire

/// From the start of a child to its end.
extension Supervisor {
  mutating func spawned(_ slot: Int, generation: Int64, pid: Int32, now: Instant) {
    guard case .spawning = slots[slot].state else { return }
    hasSpawned = true
    slots[slot].generation = generation
    slots[slot].state = .running(Child(pid: pid, startedAt: now))
    publish(slots[slot].event("worker.started"))
    // The stop came between the wish for a child and its start.
    if !isWanted(slot) {
      tellToEnd(slot, now: now)
      if let hurry { kill(slot, why: hurry, now: now) }
    }
  }

  mutating func spawnFailed(
    _ slot: Int, generation: Int64, _ failure: SpawnFailure, now: Instant,
    random: inout some RandomNumberGenerator
  ) {
    guard case .spawning = slots[slot].state else { return }
    slots[slot].generation = generation
    publish(
      slots[slot].event("worker.exited").with("status", failure.status)
        .with("why", "cannot start: \(failure.why)"))
    if !hasSpawned && failure.kind != .shortage && mode == .running {
      return finish(.cannotStart(failure))
    }
    leave(slot, nil, now: now, random: &random)
  }

  mutating func noticed(_ pid: Int32, _ notice: Notice) {
    guard let slot = slot(of: pid), var child = slots[slot].child else { return }
    let wasReady = child.isReady
    child.hear(notice)
    slots[slot].heard.insert(notice)
    slots[slot].state = .running(child)
    if child.isReady && !wasReady { becameReady(slot) }
  }

  private mutating func becameReady(_ slot: Int) {
    publish(slots[slot].event("worker.ready"))
    sayReadyIfAllAre()
  }

  mutating func sayReadyIfAllAre() {
    guard !hasSaidReady, mode == .running,
      slots.allSatisfy({ $0.phase == .ready || $0.isRetiring })
    else { return }
    hasSaidReady = true
    effects.append(.sayReady)
    publish(Line("supervisor.ready"))
  }

  mutating func exited(
    _ pid: Int32, _ ending: Ending, now: Instant, random: inout some RandomNumberGenerator
  ) {
    if stuckExited(pid, ending, now: now) { return }
    // What a child left behind, and the late news of one that is forgotten, concern nobody.
    guard let slot = slot(of: pid), let child = slots[slot].child else { return }
    publish(
      slots[slot].event("worker.exited").with(ending)
        .with("why", child.explanation(of: ending)))
    effects.append(.signal(group: pid, .kill))
    leave(slot, child, now: now, random: &random)
  }

  /// Whether there is to be a process in a slot, and another one after it.
  func isWanted(_ slot: Int) -> Bool {
    mode == .running && !slots[slot].isRetiring
  }

  /// Decides what comes after a process that has ended, or could not be started.
  /// - Parameter child: nil for one that could not be started.
  private mutating func leave(
    _ slot: Int, _ child: Child?, now: Instant, random: inout some RandomNumberGenerator
  ) {
    guard isWanted(slot) else {
      slots[slot].state = .ended
      return finishWhenAllHaveEnded()
    }
    let delay = delay(slot, child, now: now, random: &random)
    slots[slot].state = .waiting(until: now.adding(milliseconds: delay))
    if delay > 0 { publish(slots[slot].event("worker.backoff").with("delay_ms", delay)) }
  }

  /// In milliseconds.
  private mutating func delay(
    _ slot: Int, _ child: Child?, now: Instant, random: inout some RandomNumberGenerator
  ) -> Int {
    guard let child else { return slots[slot].backoff.delay(lived: 0, random: &random) }
    if child.wasAsked { return 0 }
    return slots[slot].backoff.delay(
      lived: now.microseconds(since: child.startedAt), hasWorked: child.said.contains(.working),
      random: &random)
  }
}
