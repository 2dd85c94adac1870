import Wire

/// The place of one child: who is in it, or when the next one comes.
struct Slot: Sendable {
  enum State: Sendable {
    /// There is no process until then.
    case waiting(until: Instant)
    /// `Effect.spawn` was asked for and not answered.
    case spawning
    case running(Child)
    /// So many of its processes are stuck that there is no other one until one of them has ended.
    case blocked
    /// There is no process and there will be none.
    case ended
  }

  let name: String
  /// Of the last incarnation, also when that is dead; nil before the first.
  var generation: Int64?
  var state: State
  /// Whether its process is the last one.
  var isRetiring = false
  var backoff = Backoff()
  /// What this or an earlier process in it has said.
  var heard: Set<Notice> = []

  init(name: String, dueAt: Instant) {
    self.name = name
    state = .waiting(until: dueAt)
  }

  /// The process in this slot.
  var child: Child? {
    guard case .running(let child) = state else { return nil }
    return child
  }

  /// Whether it is there no more, and its number is free.
  var isGone: Bool {
    if case .ended = state { isRetiring } else { false }
  }

  var phase: Phase {
    switch state {
    case .waiting, .spawning: .backoff
    case .blocked: .stuck
    case .ended: .exited
    case .running(let child):
      // Whoever was killed without being asked dies by accident, like any other.
      child.wasAsked ? .stopping : child.isReady ? .ready : .started
    }
  }

  /// When something is to be done about this slot.
  var deadline: Instant? {
    switch state {
    case .waiting(let until): until
    case .running(let child):
      switch child.stop {
      case .asked(let killAt): killAt
      case .killed(_, let stuckAt): stuckAt
      case nil: nil
      }
    case .spawning, .blocked, .ended: nil
    }
  }

  /// The line of this slot in the supervisor's state.
  var line: Line {
    identify(Line("member")).with("phase", phase.rawValue).with("pid", child?.pid)
  }

  /// An event about the process in this slot.
  func event(_ word: String) -> Line {
    identify(Line(word)).with("pid", child?.pid)
  }

  private func identify(_ line: Line) -> Line {
    line.with("name", name).with("generation", generation)
  }
}
