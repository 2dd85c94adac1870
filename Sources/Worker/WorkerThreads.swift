internal import Synchronization
package import Toolkit
package import Wire
package import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// Workers that are threads of this process, each with a thread beside it that listens for it.
///
/// A run that cannot be interrupted is written off with its thread, which is left to itself, and
/// another one takes its place. There is a bound on that: a thread that may never end keeps its memory
/// and the files it has open. Everything else that ends a worker's process ends this one.
package final class WorkerThreads<Runner: Engine & SendableMetatype>: Sendable {
  /// A thread that ends at once is not started again sooner.
  private static var pauseMilliseconds: Int { 100 }

  private struct State {
    var controls: [String: Control] = [:]
    /// The threads that have said that they are ready, which each does for every router.
    var ready: Set<String> = []
    /// The number of the next thread.
    var next = 1
    var running = 0
    var isStopping = false
  }

  private let settings: WorkerThreadSettings
  private let router: RouterAddress
  private let context: Context
  private let say: @Sendable (Notice) -> Void
  private let makeEngine: @Sendable () throws -> Runner
  private let state = Mutex(State())
  /// How many threads were written off and have not come back.
  private let writtenOff = Atomic(0)
  /// Rung when all have ended that were stopped.
  private let ended: Doorbell

  /// - Parameters:
  ///   - say: is told that all are ready, that one has been given work, and that they live.
  ///   - makeEngine: called in each worker's thread.
  package init(
    _ settings: WorkerThreadSettings, for router: RouterAddress, context: Context,
    say: @escaping @Sendable (Notice) -> Void = { _ in },
    makeEngine: @escaping @Sendable () throws -> Runner
  ) throws(ToolError) {
    self.settings = settings
    self.router = router
    self.context = context
    self.say = say
    self.makeEngine = makeEngine
    ended = try Doorbell()
  }

  package func start() throws(ToolError) {
    state.withLock { $0.running = settings.count }
    for _ in 0..<settings.count {
      try Thread("listener") { self.keep() }.detach()
    }
  }

  /// Waits until they have ended, which a signal asks them to do, or their supervisor.
  package func run(_ signals: borrowing SignalSource) throws(ToolError) {
    var poll = PollSet()
    while true {
      poll.removeAll()
      poll.add(descriptor: signals.descriptor.number)
      poll.add(descriptor: ended.descriptor.number)
      try ToolError.wrapping { () throws(ZMQError) in try poll.wait(milliseconds: nil) }
      if poll.isReady(1) { return }
      while signals.next() != nil { stop() }
    }
  }

  private func stop() {
    let controls = state.withLock { state in
      state.isStopping = true
      return Array(state.controls.values)
    }
    for control in controls { control.stop() }
  }

  /// Runs a worker, and its successors.
  private func keep() {
    do throws(ToolError) {
      var replaced: String?
      var name = nextName()
      while true {
        let start = Clock.now()
        let identity = WorkerIdentity(
          Member(name: name, generation: settings.process.generation),
          supervisor: settings.supervisor, process: settings.process.name, replaced: replaced)
        let control = try Control(
          identity, router: router, watchDelayMilliseconds: settings.watchDelayMilliseconds)
        try listen(identity, control)
        if control.isWrittenOff {
          replaced = name
          name = nextName()
          continue
        }
        replaced = nil
        if control.isStopping { return end(name) }
        let passed = Clock.now().microseconds(since: start)
        usleep(UInt32(max(0, Int64(Self.pauseMilliseconds) * 1000 - passed)))
      }
    } catch {
      Tool.exit(after: error)
    }
  }

  private func nextName() -> String {
    state.withLock { state in
      defer { state.next += 1 }
      return "\(settings.process.name).\(state.next)"
    }
  }

  private func end(_ name: String) {
    let isLast = state.withLock { state in
      state.controls[name] = nil
      state.running -= 1
      return state.running == 0
    }
    if isLast { ended.ring() }
  }

  /// Starts a worker, and listens for it until it ends or is written off.
  private func listen(_ identity: WorkerIdentity, _ control: Control) throws(ToolError) {
    let isStopping = state.withLock { state in
      state.controls[identity.member.name] = control
      return state.isStopping
    }
    if isStopping { control.stop() }
    let report = OverdueReport()
    try Thread(identity.member.name) { self.work(identity, control) }.detach()
    var loop = ControlLoop(control) {
      self.say(.alive)
    } tellOverdue: { overdue in
      report.print(overdue)
      let count = self.writtenOff.add(1, ordering: .relaxed).newValue
      if count > self.settings.count { Tool.exit(.overdue) }
      control.writeOff()
    }
    loop.run(identity.member, router, context: context)
    state.withLock { $0.controls[identity.member.name] = nil }
  }

  private func work(_ identity: WorkerIdentity, _ control: Control) {
    do {
      let engine = try makeEngine()
      let signals = try SignalSource([])
      var loop = WorkerLoop(
        engine, identity, router: router.workers, control: control, context: context)
      try loop.run(signals, lifeline: settings.lifeline) { note($0, of: identity.member.name) }
    } catch let error as ToolError {
      Tool.exit(after: error)
    } catch {
      Tool.exit(after: ToolError("run \(identity.member)", "\(error)", .system))
    }
    if control.isWrittenOff {
      writtenOff.subtract(1, ordering: .relaxed)
    } else {
      control.finish()
    }
  }

  /// They are ready when all are.
  private func note(_ notice: Notice, of thread: String) {
    guard notice == .ready else { return say(notice) }
    let isLast = state.withLock { state in
      state.ready.insert(thread).inserted && state.ready.count == settings.count
    }
    if isLast { say(.ready) }
  }
}
