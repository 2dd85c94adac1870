package import Wire

/// What decides about the children of a supervisor: a value that takes inputs and yields effects.
/// It has no descriptors, reads no clock and starts nothing itself.
///
/// Every death is published first, before anything else is done about it: others wait for that. A
/// slot has at most one process, but for those that do not even end when they are killed, and a
/// process that ended takes its process group with it.
package struct Supervisor: Sendable {
  enum Mode: Sendable {
    case running
    case stopping
    case finished
  }

  /// How long killed children are waited for when nobody is left to tell about them.
  package static let orphanedMilliseconds = 1000

  package let settings: Settings
  var mode = Mode.running
  /// By number. One that is gone is used again.
  var slots: [Slot]
  /// Those that count as dead and have not ended.
  var stuck: [Stuck] = []
  /// The restart that is under way.
  var round: Round?
  /// Whether anything was ever started.
  package internal(set) var hasSpawned = false
  var hasSaidReady = false
  var lastPulse: Instant
  /// Why nobody gets any time to end, once that is so.
  var hurry: String?
  /// When to finish although children live.
  var abandonAt: Instant?
  /// What the input at hand has led to so far.
  var effects: [Effect] = []

  package init(_ settings: Settings, now: Instant) {
    self.settings = settings
    lastPulse = now
    slots = (0..<settings.count).map { Slot(name: settings.childName($0), dueAt: now) }
  }

  /// When the next `tick` is due, nil when nothing waits for the time.
  package var nextDeadline: Instant? {
    if mode == .finished { return nil }
    let others = [abandonAt, round?.current.flatMap(settlement)]
    return (slots.map(\.deadline) + others).compactMap(\.self).min()
  }

  /// What a subscriber is told about the whole.
  package var state: (line: Line, members: [Line]) {
    let line = Line(Publication.stateWord)
      .with("role", "supervisor")
      .with("phase", mode == .running ? "running" : "stopping")
    return (line, slots.filter { !$0.isGone }.map(\.line))
  }

  /// - Parameters:
  ///   - now: never goes back.
  ///   - random: for the jitter of delays.
  package mutating func handle(
    _ input: Input, now: Instant, random: inout some RandomNumberGenerator
  ) -> [Effect] {
    if mode == .finished { return [] }
    switch input {
    case .begin: publish(Line("supervisor.started").with("workers", settings.count))
    case .spawned(let slot, let generation, let pid):
      spawned(slot, generation: generation, pid: pid, now: now)
    case .spawnFailed(let slot, let generation, let failure):
      spawnFailed(slot, generation: generation, failure, now: now, random: &random)
    case .noticed(let pid, let notice): noticed(pid, notice)
    case .suspended(let pid): suspended(pid, true)
    case .resumed(let pid): suspended(pid, false)
    case .exited(let pid, let ending): exited(pid, ending, now: now, random: &random)
    case .stopRequested: stopRequested(now: now)
    case .restartRequested: restartRequested(now: now)
    case .oneMoreRequested: oneMoreRequested(now: now)
    case .oneFewerRequested: oneFewerRequested(now: now)
    case .orphaned: orphaned(now: now)
    case .tick: tick(now: now)
    case .pulse: pulse(now: now)
    }
    continueRound(now: now)
    defer { effects = [] }
    return effects
  }

  private mutating func tick(now: Instant) {
    if let abandonAt, now >= abandonAt { return finish(.stopped) }
    hurryOverdue(now: now)
    // One at a time, so that a death among the first of many is seen before the last has started.
    let due = slots.indices.filter {
      if case .waiting(let until) = slots[$0].state { until <= now } else { false }
    }
    guard let slot = due.min(by: { (slots[$0].deadline ?? now) < (slots[$1].deadline ?? now) })
    else { return }
    slots[slot].state = .spawning
    effects.append(.spawn(slot: slot))
  }

  mutating func publish(_ event: Line) {
    effects.append(.publish(event))
  }

  mutating func report(_ what: String, _ why: String) {
    effects.append(.report(what: what, why: why))
  }

  mutating func finish(_ result: Effect.Result) {
    mode = .finished
    publish(Line("supervisor.stopped"))
    effects.append(.finish(result))
  }

  func slot(of pid: Int32) -> Int? {
    slots.firstIndex { $0.child?.pid == pid }
  }
}
