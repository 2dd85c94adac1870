internal import Supervision
internal import Toolkit
internal import Wire
internal import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// Waits for what happens, tells the state machine, and does what that wants.
struct SuperviseLoop: ~Copyable {
  private let program: Program
  private let claim: NameClaim
  private var machine: Supervisor
  private var publisher: Publisher
  private let supervised: Supervised
  private let signals: SignalSource
  private var guardian: Guardian
  /// Whether the guardian lives, as far as is known.
  private var isGuarded = true
  private let lifeline: Lifeline
  private var children: [Int32: ChildProcess] = [:]
  private var errors = ErrorStream()
  private var random = SystemRandomNumberGenerator()
  private var result: Effect.Result?
  /// When the next pulse is due at the latest.
  private var nextPulse = Instant.start

  init(
    _ settings: Settings, _ program: Program, _ claim: NameClaim,
    publisher: consuming Publisher, supervised: Supervised, signals: consuming SignalSource,
    guardian: consuming Guardian
  ) throws(ToolError) {
    lifeline = try Lifeline()
    self.program = program
    self.claim = claim
    self.publisher = publisher
    self.supervised = supervised
    self.signals = signals
    self.guardian = guardian
    machine = Supervisor(settings, now: Clock.now())
  }

  mutating func run() throws(ToolError) -> Effect.Result {
    supervised.say(.takesHangUp)
    try tell(.begin)
    while true {
      let now = Clock.now()
      // In step with the publisher, so that the two do not wake this process separately.
      if now >= min(nextPulse, publisher.nextDue) { try pulse(now) }
      try tell(.tick)
      errors.flush()
      if let result { return result }
      let machine = machine
      try publisher.serve(now: now) { machine.state }
      try wait()
    }
  }

  private mutating func pulse(_ now: Instant) throws(ToolError) {
    nextPulse = now.adding(milliseconds: Notice.aliveMilliseconds)
    supervised.say(.alive)
    if !isGuarded { replaceGuardian() }
    for child in children.values { child.pulse() }
    try hearAll()
    try tell(.pulse)
  }

  /// Lets the last words out.
  consuming func close() throws(ToolError) {
    errors.finish()
    try publisher.close()
  }

  private mutating func wait() throws(ToolError) {
    var poll = PollSet()
    poll.add(descriptor: signals.descriptor.number)
    poll.add(publisher.socket)
    let parent = supervised.lifeline.map { poll.add(descriptor: $0) }
    if let descriptor = errors.descriptorToPoll { poll.add(descriptor: descriptor, .writable) }
    let pipes = children.values.map { child in
      (
        child, child.urgentNotices.map { poll.add(descriptor: $0) },
        child.errors.map { poll.add(descriptor: $0.number) }
      )
    }
    let due = min(machine.nextDeadline ?? nextPulse, nextPulse, publisher.nextDue)
    let milliseconds = due.millisecondsUp(since: Clock.now())
    try ToolError.wrapping { () throws(ZMQError) in try poll.wait(milliseconds: milliseconds) }

    // Deaths come first: others wait for that news.
    if poll.isReady(0) { try readSignals() }
    if let parent, poll.isReady(parent) { try tell(.orphaned) }
    for (child, notices, errors) in pipes where children[child.pid] === child {
      if let notices, poll.isReady(notices) { try hear(child) }
      if let errors, poll.isReady(errors) { child.readErrors { self.errors.append($0) } }
    }
  }

  private mutating func hear(_ child: ChildProcess) throws(ToolError) {
    for notice in child.readNotices() { try tell(.noticed(pid: child.pid, notice)) }
  }

  private mutating func hearAll() throws(ToolError) {
    for child in children.values { try hear(child) }
  }

  private mutating func readSignals() throws(ToolError) {
    while let signal = signals.next() {
      // Who takes HUP itself may just have said so.
      if signal != .childEnded { try hearAll() }
      switch signal {
      case .terminate, .interrupt: try tell(.stopRequested)
      case .childEnded:
        try noteExits()
        try noteStops()
      case .hangUp: try tell(.restartRequested)
      case .terminalInput: try tell(.oneMoreRequested)
      case .terminalOutput: try tell(.oneFewerRequested)
      case .kill, .user1: break
      }
    }
  }

  /// One signal may stand for many deaths.
  private mutating func noteExits() throws(ToolError) {
    while let exit = ProcessExit.next() {
      // Of all that it may have said with its last breath only this still matters.
      if let child = children[exit.pid], child.readNotices().contains(.working) {
        try tell(.noticed(pid: exit.pid, .working))
      }
      if exit.pid == guardian.pid { isGuarded = false }
      try tell(.exited(pid: exit.pid, exit.ending))
      if let child = children.removeValue(forKey: exit.pid) {
        child.drainErrors { errors.append($0) }
        guardian.forget(group: exit.pid)
      }
      ProcessExit.release(exit.pid)
    }
    if !isGuarded { replaceGuardian() }
  }

  /// Starts another guardian; what hinders that is said, and it is tried again with the next pulse.
  private mutating func replaceGuardian() {
    do throws(ToolError) {
      guardian = try Guardian(of: Array(children.keys))
      isGuarded = true
    } catch {
      errors.report(error.what, error.why)
    }
  }

  private mutating func noteStops() throws(ToolError) {
    while let (pid, isStopped) = ProcessExit.nextStop() {
      try tell(isStopped ? .suspended(pid: pid) : .resumed(pid: pid))
    }
  }

  private mutating func tell(_ input: Input) throws(ToolError) {
    for effect in machine.handle(input, now: Clock.now(), random: &random) {
      switch effect {
      case .publish(let event): try publisher.publish(event)
      case .report(let what, let why): errors.report(what, why)
      case .spawn(let slot): try tell(spawn(slot))
      case .signal(let group, .terminate): kill(-group, SIGTERM)
      case .signal(let group, .kill): kill(-group, SIGKILL)
      case .signal(let child, .hangUp): kill(child, SIGHUP)
      case .sayReady: supervised.say(.ready)
      case .finish(let result): self.result = result
      }
    }
  }

  private mutating func spawn(_ slot: Int) throws(ToolError) -> Input {
    let member = Member(name: machine.settings.childName(slot), generation: try claim.next())
    do throws(SpawnFailure) {
      let child = try ChildProcess(
        program, as: member, lifeline: lifeline.readEnd.number,
        guardian: guardian.descriptor.number)
      children[child.pid] = child
      return .spawned(slot: slot, generation: member.generation, pid: child.pid)
    } catch {
      // The first failure ends the tool, which then says so itself.
      if machine.hasSpawned || error.kind == .shortage {
        errors.report("start \(program.name)", error.why)
      }
      return .spawnFailed(slot: slot, generation: member.generation, error)
    }
  }
}
