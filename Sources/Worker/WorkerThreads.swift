internal import Synchronization
package import Toolkit
internal import Wire
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

  private let router: RouterAddress
  private let context: Context
  private let maxWrittenOff: Int
  private let watchDelayMilliseconds: Int
  private let makeEngine: @Sendable () throws(ToolError) -> Runner
  /// How many threads were written off and have not come back.
  private let writtenOff = Atomic(0)

  /// Starts so many workers, which run until the process ends.
  /// - Parameters:
  ///   - maxWrittenOff: when one more thread is to be written off, the process ends with
  ///     `ExitStatus.overdue`.
  ///   - watchDelayMilliseconds: for so long files are not watched, so that the process can end at once.
  ///   - makeEngine: called in each worker's thread.
  package static func start(
    _ count: Int, for router: RouterAddress, maxWrittenOff: Int, watchDelayMilliseconds: Int,
    context: Context,
    makeEngine: @escaping @Sendable () throws(ToolError) -> Runner
  ) throws(ToolError) {
    let threads = WorkerThreads(
      router, maxWrittenOff, watchDelayMilliseconds, context, makeEngine)
    for number in 1...count {
      let name = "worker-\(number)"
      try Thread("listener of \(name)") { threads.keep(name) }.detach()
    }
  }

  private init(
    _ router: RouterAddress, _ maxWrittenOff: Int, _ watchDelayMilliseconds: Int,
    _ context: Context,
    _ makeEngine: @escaping @Sendable () throws(ToolError) -> Runner
  ) {
    self.router = router
    self.context = context
    self.maxWrittenOff = maxWrittenOff
    self.watchDelayMilliseconds = watchDelayMilliseconds
    self.makeEngine = makeEngine
  }

  /// Runs a worker, and its successors.
  private func keep(_ name: String) {
    do throws(ToolError) {
      var generation: Int64 = 0
      while true {
        generation += 1
        let start = Clock.now()
        try listen(Member(name: name, generation: generation))
        let passed = Clock.now().microseconds(since: start)
        usleep(UInt32(max(0, Int64(Self.pauseMilliseconds) * 1000 - passed)))
      }
    } catch {
      Tool.exit(after: error)
    }
  }

  /// Starts a worker, and listens for it until it ends or is written off.
  private func listen(_ member: Member) throws(ToolError) {
    let control = try Control(
      member, router: router, watchDelayMilliseconds: watchDelayMilliseconds)
    let report = OverdueReport()
    try Thread("\(member)") { self.work(member, control) }.detach()
    var loop = ControlLoop(control) {
    } tellOverdue: { overdue in
      report.print(overdue)
      let count = self.writtenOff.add(1, ordering: .relaxed).newValue
      if count > self.maxWrittenOff { Tool.exit(.overdue) }
      control.writeOff()
    }
    loop.run(member, router, context: context)
  }

  private func work(_ member: Member, _ control: Control) {
    do {
      let engine = try makeEngine()
      let signals = try SignalSource([])
      var loop = WorkerLoop(
        engine, member, supervisor: nil, router: router.workers, control: control,
        context: context)
      try loop.run(signals, lifeline: nil) { _ in }
    } catch let error as ToolError {
      Tool.exit(after: error)
    } catch {
      Tool.exit(after: ToolError("run \(member)", "\(error)", .system))
    }
    if control.isWrittenOff {
      writtenOff.subtract(1, ordering: .relaxed)
    } else {
      control.finish()
    }
  }
}
