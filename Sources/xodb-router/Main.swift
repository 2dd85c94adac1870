import ArgumentParser
import Broker
import Commands
import Router
import Toolkit
import Wire
import ZeroMQ

@main
struct Main: ParsableCommand {
  /// It has some 40 for itself, and of the others half are for clients.
  private static let minDescriptors: UInt = 128

  static let configuration = CommandConfiguration(
    commandName: "xodb-router",
    abstract: "Takes queries from clients and gives each to a worker.",
    discussion: """
      Example: xodb-router --bind tcp://127.0.0.1:13579

      Clients and workers find it by its sockets 'clients' and 'workers' in the run directory: \
      XODB_RUN, otherwise xodb in XDG_RUNTIME_DIR, otherwise /tmp/xodb-UID. TERM ends it, after \
      it has answered what it holds; USR1 lets go what is quarantined.

      Exit status: 0 ended as asked, 64 wrong arguments, 73 something is in use, or one of the sockets \
      was removed, 71 the system refused something, 77 the run directory is not ours, or an address could \
      be reached from other hosts.
      """)

  @Option(help: "Listen for clients here too: loopback tcp, or ipc. Can be repeated.")
  var bind: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      A router or node to which queries are handed that the workers here have no time for, or whose \
      database they do not have. Can be repeated.
      """, valueName: "endpoint"))
  var peer: [String] = []

  @Option(
    help: ArgumentHelp(
      "Take workers of other hosts here, tcp://ADDRESS:PORT, and publish for them at the next port.",
      valueName: "endpoint"))
  var workers: String?

  @Option(
    help: ArgumentHelp(
      "Hear the supervisor on another host that is bound to this: tcp://HOST:PORT. Can be repeated.",
      valueName: "address"))
  var follow: [String] = []

  @Flag(
    help: """
      Listen also where other hosts can connect. Whoever reaches that may read all databases and, at \
      --workers, answer for them.
      """)
  var trustNetwork = false

  @Option(help: "So many workers may die while they run a query; then it is answered 'crashed'.")
  var tries = 3

  @Option(help: "The seconds a query has that does not say so itself.")
  var timeout = 30.0

  @Option(
    help: ArgumentHelp(
      """
      The most seconds that a query gets, whatever it asks for; with DB= in front, a query on that \
      database. Can be repeated.
      """, valueName: "[db=]seconds"))
  var maxTimeout: [TimeCap] = []

  @Option(help: "So many queries may wait; more are answered 'busy'.")
  var maxQueued = 100_000

  @Option(
    help: "So many queries of one connection may be without an answer; more are answered 'busy'.")
  var maxInFlight = 10_000

  @Option(
    help: "Keep so many workers for statements that were short so far (less than 20 ms a run).")
  var reserve = 0

  func validate() throws {
    guard (1...1000).contains(tries) else { throw ValidationError("--tries is 1 to 1000") }
    guard (0.001...86_400).contains(timeout) else {
      throw ValidationError("--timeout is 0.001 to 86400 seconds")
    }
    guard (1...10_000_000).contains(maxQueued) else {
      throw ValidationError("--max-queued is 1 to 10000000")
    }
    guard (1...10_000_000).contains(maxInFlight) else {
      throw ValidationError("--max-in-flight is 1 to 10000000")
    }
    guard (0...1000).contains(reserve) else { throw ValidationError("--reserve is 0 to 1000") }
  }

  func run() throws {
    Tool.surviveFailedWrites()
    Limits.raiseDescriptors()
    try Limits.requireDescriptors(Self.minDescriptors)
    let supervised = try Supervised()
    let signals = try SignalSource([.terminate, .interrupt, .user1])
    let directory = try RunDirectory()
    try directory.create()
    for endpoint in bind { try Endpoint.checkBind(endpoint, trustsNetwork: trustNetwork) }
    let remote = try workers.map { endpoint throws(ToolError) in
      try Endpoint.checkBind(endpoint, trustsNetwork: trustNetwork)
      return (workers: endpoint, events: try Endpoint.events(besideWorkers: endpoint))
    }
    for endpoint in follow { try Endpoint.checkConnectToHost(endpoint) }
    for endpoint in peer { try Endpoint.checkConnect(endpoint) }
    // Held by whichever router owns the sockets, under whatever name it publishes.
    let lock = try NameClaim(PublisherName("clients"), in: directory)
    let claim = try NameClaim(
      PublisherName(supervised.member?.name ?? "router"), in: directory)

    // However many clients there are, workers can come back: they learn from the events where.
    try Limits.preferConnections(to: directory.workers, directory.events(of: claim.name))
    let context = try ToolError.wrapping { () throws(ZMQError) in try Context() }
    let publisher = try Publisher(
      claim, in: directory, and: remote.map { [$0.events] } ?? [], context: context)
    let subscriber = try Subscriber(directory, endpoints: follow, context: context)
    let clients = try ToolError.wrapping(.cannotCreate) { () throws(ZMQError) in
      try RouterSocket(
        "clients", boundTo: [directory.clients] + bind, maxFrame: BrokerLoop.maxClientFrame,
        highWaterMarks: BrokerLoop.clientHighWaterMarks, mayPause: true, in: context)
    }
    let workers = try ToolError.wrapping(.cannotCreate) { () throws(ZMQError) in
      try RouterSocket(
        "workers", boundTo: [directory.workers] + (remote.map { [$0.workers] } ?? []),
        maxFrame: BrokerLoop.maxWorkerFrame,
        highWaterMarks: BrokerLoop.workerHighWaterMarks, in: context)
    }
    var loop = try BrokerLoop(
      clients: clients, workers: workers, boundTo: directory.workers, publisher: publisher,
      subscriber: subscriber, configuration: brokerConfiguration, context: context)
    try loop.run(signals, supervised)
    try loop.close()
    withExtendedLifetime((lock, claim)) {}
  }

  private var brokerConfiguration: Configuration {
    var configuration = Configuration()
    configuration.tries = tries
    configuration.defaultDeadlineMilliseconds = Int((timeout * 1000).rounded(.up))
    for cap in maxTimeout {
      if let database = cap.database {
        configuration.databaseDeadlineMilliseconds[database] = cap.milliseconds
      } else {
        configuration.maxDeadlineMilliseconds = cap.milliseconds
      }
    }
    configuration.maxQueuedRequests = maxQueued
    configuration.maxRequestsInFlight = maxInFlight
    configuration.reservedWorkers = reserve
    configuration.broker = BrokerName.random()
    configuration.peers = peer
    return configuration
  }

  static func main() { Tool.main(Self.self) }
}
