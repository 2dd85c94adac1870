internal import CLinux
internal import Supervision
internal import Toolkit
internal import ZeroMQ

/// What a supervisor process needs before it starts its first child, set up in the right order.
enum Station {
  /// - Parameter endpoint: where the supervisor is heard from other hosts, if it is.
  static func run(
    _ settings: Settings, _ command: [String], boundTo endpoint: String?
  ) throws(ToolError) {
    Tool.surviveFailedWrites()
    let leftovers = Leftovers()
    let supervised = try Supervised()
    let guardian = try Guardian()
    guard clinux_become_subreaper() == 0 else { throw .system("become a subreaper") }
    // Each child costs two, and those that are stuck keep theirs. Theirs is the limit as it was.
    let descriptors = Limits.raiseDescriptors()
    let signals = try SignalSource([
      .terminate, .interrupt, .hangUp, .terminalInput, .terminalOutput, .childEnded,
    ])
    let directory = try RunDirectory()
    try directory.create()
    let claim = try NameClaim(
      try PublisherName(settings.name), in: directory, isHeardElsewhere: endpoint != nil)
    let program = Program(
      command, supervisor: settings.name, graceMilliseconds: settings.graceMilliseconds,
      descriptors: descriptors)
    let result = try serve(
      settings, program, claim, in: directory, boundTo: endpoint, supervised, signals, guardian,
      leftovers)
    // The name is given up only when its socket is gone.
    extendLifetime(claim)
    if case .cannotStart(let failure) = result {
      throw ToolError(
        "start \(program.name)", failure.why,
        failure.kind == .notFound ? .noSuchCommand : .cannotExecute)
    }
  }

  /// Returns when all is over and the last words have left: the context ends here.
  private static func serve(
    _ settings: Settings, _ program: Program, _ claim: NameClaim, in directory: RunDirectory,
    boundTo endpoint: String?, _ supervised: Supervised, _ signals: consuming SignalSource,
    _ guardian: consuming Guardian, _ leftovers: Leftovers
  ) throws(ToolError) -> Effect.Result {
    let context = try ToolError.wrapping { () throws(ZMQError) in try Context() }
    var loop = try SuperviseLoop(
      settings, program, claim,
      publisher: try Publisher(
        claim, in: directory, and: endpoint.map { [$0] } ?? [], context: context),
      supervised: supervised, signals: signals, guardian: guardian)
    // First of all nothing is to run on: what comes after that may be held up by a reader.
    let result = try run(&loop, leftovers)
    try loop.close()
    return result
  }

  private static func run(
    _ loop: inout SuperviseLoop, _ leftovers: Leftovers
  ) throws(ToolError) -> Effect.Result {
    defer { leftovers.end() }
    return try loop.run()
  }
}
