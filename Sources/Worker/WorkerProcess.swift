internal import Toolkit
internal import Wire
internal import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// A worker as a process of its own.
package enum WorkerProcess {
  /// Runs the engine for a router, until told to end. A run that cannot be interrupted ends the process
  /// with `ExitStatus.overdue`.
  /// - Parameters:
  ///   - endpoint: where the router takes workers of other hosts; nil for that of the run directory.
  ///   - memory: beyond that and what the process has when it is ready, malloc fails.
  package static func run(
    _ engine: some Engine, router endpoint: String?, memory: MemoryBudget
  ) throws {
    Tool.surviveFailedWrites()
    let supervised = try Supervised()
    let signals = try SignalSource([.terminate, .interrupt])
    let router = try address(endpoint)
    let member = member(supervised, isRemote: endpoint != nil)
    let identity = WorkerIdentity(member, supervisor: supervised.supervisor)
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
  /// - Parameters:
  ///   - endpoint: as above.
  ///   - makeEngine: called in each worker's thread.
  package static func run<Runner: Engine & SendableMetatype>(
    threads: Int, router endpoint: String?, memory: MemoryBudget,
    makeEngine: @escaping @Sendable () throws -> Runner
  ) throws {
    Tool.surviveFailedWrites()
    let supervised = try Supervised()
    let signals = try SignalSource([.terminate, .interrupt])
    let router = try address(endpoint)
    var settings = WorkerThreadSettings(
      member(supervised, isRemote: endpoint != nil), count: threads)
    settings.supervisor = supervised.supervisor
    settings.lifeline = supervised.lifeline
    let context = try ToolError.wrapping { () throws(ZMQError) in try Context() }
    let workers = try WorkerThreads(
      settings, for: router, context: context,
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

  private static func address(_ endpoint: String?) throws(ToolError) -> RouterAddress {
    if let endpoint { return try RouterAddress(at: endpoint) }
    let directory = try RunDirectory()
    try directory.create()
    return RouterAddress(of: directory)
  }

  /// By hand there is nobody to give names; the time tells apart those that got the same pid, and the
  /// host's name those of several hosts.
  private static func member(_ supervised: Supervised, isRemote: Bool) -> Member {
    supervised.member
      ?? Member(
        name: "worker-\(getpid())" + (isRemote ? "@\(hostName())" : ""),
        generation: Clock.now().microseconds)
  }

  private static func hostName() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer.initialize(repeating: 0)
      guard let name = buffer.baseAddress else { return "" }
      // One byte is left for a zero at the end.
      gethostname(name, buffer.count - 1)
      return String(cString: name)
    }
  }
}
