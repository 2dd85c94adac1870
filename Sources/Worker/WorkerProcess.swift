internal import Toolkit
internal import Wire
internal import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// A worker as a process of its own.
package enum WorkerProcess {
  /// Runs the engine for the router of the run directory, until told to end. A run that cannot be
  /// interrupted ends the process with `ExitStatus.overdue`.
  /// - Parameter memory: beyond that and what the process has when it is ready, malloc fails.
  package static func run(
    _ engine: some Engine, memory: MemoryBudget
  ) throws {
    Tool.ignoreBrokenPipes()
    let supervised = try Supervised()
    let signals = try SignalSource([.terminate, .interrupt])
    let directory = try RunDirectory()
    try directory.create()
    let member = member(supervised)
    let identity = WorkerIdentity(member, supervisor: supervised.supervisor)
    let router = RouterAddress(of: directory)
    let context = try ToolError.wrapping { () throws(ZMQError) in try Context() }
    let control = try Control(identity, router: router)
    let report = OverdueReport()
    let thread = try Thread("control") {
      var loop = ControlLoop(control) {
        supervised.say(.alive)
      } tellOverdue: { overdue in
        report.print(overdue)
        Tool.exit(.overdue)
      }
      loop.run(member, router, context: context)
    }
    var loop = WorkerLoop(
      engine, identity, router: router.workers,
      control: control, context: context)
    var isBounded = false
    let result = Result {
      try loop.run(signals, lifeline: supervised.lifeline) { notice in
        // By now all threads run.
        if !isBounded { try Limits.boundMemory(toFurther: memory.totalBytes()) }
        isBounded = true
        supervised.say(notice)
      }
    }
    control.finish()
    thread.join()
    try result.get()
  }

  /// Runs so many workers as threads of the process.
  /// - Parameter makeEngine: called in each worker's thread.
  package static func run<Runner: Engine & SendableMetatype>(
    threads: Int, memory: MemoryBudget,
    makeEngine: @escaping @Sendable () throws -> Runner
  ) throws {
    Tool.ignoreBrokenPipes()
    let supervised = try Supervised()
    let signals = try SignalSource([.terminate, .interrupt])
    let directory = try RunDirectory()
    try directory.create()
    var settings = WorkerThreadSettings(member(supervised), count: threads)
    settings.supervisor = supervised.supervisor
    settings.lifeline = supervised.lifeline
    let context = try ToolError.wrapping { () throws(ZMQError) in try Context() }
    let workers = try WorkerThreads(
      settings, for: RouterAddress(of: directory), context: context,
      say: { notice in
        // By now all threads run. A process without the bound is not ready.
        if notice == .ready {
          do throws(ToolError) {
            try Limits.boundMemory(toFurther: memory.totalBytes(threads: threads))
          } catch {
            Tool.exit(after: error)
          }
        }
        supervised.say(notice)
      }, makeEngine: makeEngine)
    try workers.start()
    try workers.run(signals)
  }

  /// By hand there is nobody to give names; the time tells apart those that got the same pid.
  private static func member(_ supervised: Supervised) -> Member {
    supervised.member ?? Member(name: "worker-\(getpid())", generation: Clock.now().microseconds)
  }
}
