internal import Toolkit
internal import Wire
internal import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// A worker as a process of its own.
package enum WorkerProcess {
  /// Runs the engine for the router of the run directory, until told to end.
  /// - Parameter router: where the router takes workers, if not in the run directory.
  package static func run(_ engine: some Engine, router: String? = nil) throws {
    Tool.ignoreBrokenPipes()
    var supervised = try Supervised()
    let signals = try SignalSource([.terminate, .interrupt])
    let directory = try RunDirectory()
    try directory.create()
    // By hand there is nobody to give names; the time tells apart those that got the same pid.
    let member =
      supervised.member
      ?? Member(name: "worker-\(getpid())", generation: Clock.now().microseconds)
    let context = try ToolError.wrapping { () throws(ZMQError) in try Context() }
    let subscriber = try Subscriber(directory, context: context)
    var loop = WorkerLoop(
      engine, member, supervisor: supervised.supervisor, router: router ?? directory.workers,
      subscriber: subscriber, context: context)
    try loop.run(signals, lifeline: supervised.lifeline) { supervised.say(.ready) }
  }
}
