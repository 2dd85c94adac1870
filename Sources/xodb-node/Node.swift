internal import Broker
internal import Client
internal import Router
internal import SQLEngine
internal import Synchronization
internal import Toolkit
internal import Wire
internal import Worker
internal import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// A cluster whose roles are threads of this process: a broker, its workers, and the main thread as the
/// client. They talk over `inproc:`; only the broker can be reachable from outside.
final class Node: Sendable {
  private static let clients = "inproc://clients"
  private static let workers = "inproc://workers"
  private static let events = "inproc://events"
  /// One for each processor, as long as Linux by default gives a user enough inotify instances.
  private static var defaultThreads: Int { min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 48) }

  /// Whoever has few queries has the answers by then.
  private static let shortMilliseconds = 1000

  private let context: Context
  private let identity: PublisherIdentity
  private let threads: Int
  private let bind: [String]
  private let peers: [String]
  /// If anybody else is served, a signal ends the node with what it holds answered.
  private let signals: SignalSource
  /// That of the main thread; nil when that has no queries.
  private let client: InnerClient?
  /// What has become of the queries of this process; nil as long as not all are printed.
  private let status: Mutex<ExitStatus?>

  init(_ options: Options, hasQueries: Bool) throws(ToolError) {
    threads = options.threads ?? Self.defaultThreads
    bind = options.bind
    peers = options.peers
    for endpoint in bind {
      try Endpoint.checkBind(endpoint, trustsNetwork: options.trustsNetwork)
    }
    for endpoint in peers { try Endpoint.checkConnect(endpoint) }
    signals = try SignalSource(bind.isEmpty ? [] : [.terminate, .interrupt, .user1])
    // Nobody else knows this broker, whose number only has to be another one each time.
    identity = PublisherIdentity(name: "node", incarnation: Clock.now().microseconds)
    client = hasQueries ? try InnerClient(isLast: !options.serves) : nil
    status = Mutex(hasQueries ? nil : .success)
    let ioThreads = options.ioThreads ?? (bind.isEmpty && peers.isEmpty ? 0 : 1)
    context = try ToolError.wrapping { () throws(ZMQError) in
      try Context(ioThreads: Int32(ioThreads))
    }
  }

  /// Runs the queries, and what others ask, and ends the process.
  func run(_ invocation: Invocation, data: String) throws -> Never {
    Limits.raiseDescriptors()
    var limits = RunLimits()
    limits.engines = threads
    limits.boundProcess()
    // It ends the process. Nothing here waits for it, so that an error does not either.
    try Thread("broker") { self.serve() }.detach()
    try startWorkers(data, limits)
    if !invocation.isEmpty { finish(try runQueries(invocation)) }
    while true { pause() }
  }

  private func startWorkers(_ data: String, _ limits: RunLimits) throws(ToolError) {
    var settings = WorkerThreadSettings(
      Member(name: identity.name, generation: identity.incarnation), count: threads)
    settings.watchDelayMilliseconds = bind.isEmpty ? Self.shortMilliseconds : 0
    let router = RouterAddress(workers: Self.workers, events: [Self.events], identity: identity)
    let workers = try WorkerThreads(settings, for: router, context: context) {
      () throws(ToolError) in try SQLEngine(serving: data, limits)
    }
    try workers.start()
  }

  /// Runs the queries of this process, and returns what has become of them.
  private func runQueries(_ invocation: Invocation) throws(ToolError) -> ExitStatus {
    var loop = try ClientLoop(
      invocation, to: Self.clients, in: context, draining: client?.draining.descriptor.number)
    do throws(ToolError) {
      return try loop.run()
    } catch  where !bind.isEmpty {
      // Others are served on, though nobody will see the rest of these. The broker does not notice by
      // itself that a client in its own process has gone.
      Diagnostics.report(error)
      try loop.takeBack()
      return error.status
    }
  }

  /// Has the process end with this status, once others have their answers.
  private func finish(_ result: ExitStatus) {
    if bind.isEmpty { Tool.exit(result) }
    status.withLock { $0 = result }
    client?.done.ring()
  }

  /// Runs the broker, and ends the process when that ends.
  private func serve() {
    do {
      let supervised = try Supervised()
      var loop = try makeLoop()
      try loop.run(signals, supervised, with: client)
      guard let status = status.withLock({ $0 }) else {
        loop.abandon()
        throw ToolError("print results", "the end came before all were printed", .tryAgain)
      }
      try loop.close()
      Tool.exit(status)
    } catch let error as ToolError {
      Tool.exit(after: error)
    } catch {
      Tool.exit(after: ToolError("run the broker", "\(error)", .system))
    }
  }

  private func makeLoop() throws(ToolError) -> BrokerLoop {
    var configuration = Configuration()
    // Peers are waited for as well.
    configuration.expectedWorkers = threads
    configuration.broker = BrokerName.random()
    configuration.peers = peers
    let publisher = try Publisher(identity, boundTo: [Self.events], context: context)
    let subscriber = try Subscriber(nil, context: context)
    let clients = try ToolError.wrapping(.cannotCreate) { () throws(ZMQError) in
      try RouterSocket(
        "clients", boundTo: [Self.clients] + bind, maxFrame: BrokerLoop.maxClientFrame,
        highWaterMarks: BrokerLoop.clientHighWaterMarks, mayPause: true, in: context)
    }
    let workers = try ToolError.wrapping(.cannotCreate) { () throws(ZMQError) in
      try RouterSocket(
        "workers", boundTo: [Self.workers], maxFrame: BrokerLoop.maxWorkerFrame,
        highWaterMarks: BrokerLoop.workerHighWaterMarks, in: context)
    }
    return try BrokerLoop(
      clients: clients, workers: workers, boundTo: Self.workers, publisher: publisher,
      subscriber: subscriber, configuration: configuration, context: context)
  }
}

extension SQLEngine {
  /// Serves a directory.
  fileprivate init(serving directory: String, _ limits: RunLimits) throws(ToolError) {
    do throws(OpenError) {
      try self.init(directory: directory, limits: limits)
    } catch {
      throw ToolError("open \(error.path)", error.why, .notFound)
    }
  }
}
