internal import CLinux
internal import Supervision
internal import Toolkit
internal import ZeroMQ

/// What a supervisor process needs before it starts its first child, set up in the right order.
enum Station {
  static func run(_ settings: Settings, _ command: [String]) throws(ToolError) {
    Tool.ignoreBrokenPipes()
    let supervised = try Supervised()
    // Before the lock, the name's socket and ZeroMQ's threads: it must hold none of them.
    let guardian = try Guardian()
    guard clinux_become_subreaper() == 0 else { throw .system("become a subreaper") }
    // Each child costs two descriptors. A few fit in any limit, which is then theirs as it was.
    if settings.count > 400 { Limits.raiseDescriptors() }
    let signals = try SignalSource([.terminate, .interrupt, .childEnded])
    let directory = try RunDirectory()
    try directory.create()
    let claim = try NameClaim(try PublisherName(settings.name), in: directory)
    let context = try ToolError.wrapping { () throws(ZMQError) in try Context() }
    let program = Program(command, supervisor: settings.name)

    var loop = try SuperviseLoop(
      settings, program, claim,
      publisher: try Publisher(claim, in: directory, context: context),
      supervised: supervised, signals: signals, guardian: guardian)
    let result = try loop.run()
    Leftovers.end()
    try loop.close()
    // The name is given up only when its socket is gone.
    extendLifetime(context)
    if case .cannotStart(let failure) = result {
      throw ToolError(
        "start \(program.name)", failure.why,
        failure.kind == .notFound ? .noSuchCommand : .cannotExecute)
    }
  }
}
