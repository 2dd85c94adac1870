package import Broker
package import Toolkit
internal import Wire
package import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// Moves messages between sockets and the broker, which decides what is to be done.
package struct BrokerLoop: ~Copyable {
  /// How long the last answers may wait for clients that do not read.
  private static let farewellMilliseconds = 1000
  /// How long the answers may take that are still to come when nobody new can connect.
  private static let lostMilliseconds = 2000
  private static let leavingMicroseconds: UInt32 = 200_000
  /// What libzmq may hold for each client, in messages. Of those that it is sent, those that are not counted
  /// by their bytes are bounded by this alone.
  package static let clientHighWaterMarks = HighWaterMarks(receive: 64, send: 128)
  /// A worker's answers wait until the router takes them, and what it is sent it must be able to get.
  package static let workerHighWaterMarks = HighWaterMarks(receive: 1000, send: 1000)
  /// The largest frame that a client may send, in bytes.
  package static let maxClientFrame: Int64 = 16 << 20
  /// The largest frame that a worker may send.
  package static let maxWorkerFrame: Int64 = 1 << 30

  var clients: RouterSocket
  var workers: RouterSocket
  var broker: Broker
  var sets = Sets()
  let peers: [PeerLink]
  var output = ClientOutput()
  var latestRequest = LatestRequest()
  var workerLines = WorkerLines()
  var publisher: Publisher
  var subscriber: Subscriber
  /// What the state says of this router.
  private let state: Line
  var poll = PollSet()
  /// The effects that are carried out. The array is kept from one time to the next.
  var effects: [Effect] = []
  /// Whether something was lost while effects were carried out.
  var isToSettle = false
  var rejections = OnceASecond()
  var rowDrops = OnceASecond()
  var answerDrops = OnceASecond()
  private var nextSignOfLife = Instant.start
  /// The broker's next deadline, as of the last wait.
  private var nextTick: Instant?
  private var latestFlush = Instant.start
  /// Of a client's message, what the next turn goes on with.
  var unread: RequestReader?
  /// When the router must have ended, because nobody finds it any more, and that as an error.
  private var ending: (error: ToolError, limit: Instant)?

  /// - Parameters:
  ///   - endpoints: what `workers` is bound to, by which workers know their router.
  ///   - context: for connections to the configuration's peers.
  package init(
    clients: consuming RouterSocket, workers: consuming RouterSocket, boundTo endpoints: String,
    publisher: consuming Publisher, subscriber: consuming Subscriber,
    configuration: Configuration, context: Context
  ) throws(ToolError) {
    var peers: [PeerLink] = []
    for (number, endpoint) in configuration.peers.enumerated() {
      peers.append(try PeerLink(endpoint, number: number, in: context))
    }
    self.peers = peers
    self.clients = clients
    self.workers = workers
    self.publisher = publisher
    self.subscriber = subscriber
    state = Line(Publication.stateWord).with("role", "router").with("workers", endpoints)
    broker = Broker(configuration, now: Clock.now())
  }

  /// Serves until a signal asks for the end and every request has its answer, or until the
  /// supervisor is gone. Fails when nobody new can connect, after it has answered what it could.
  /// - Parameters:
  ///   - supervised: is told that this router is ready, and then that it lives.
  ///   - client: is waited for, but not when what is held may be held no longer.
  package mutating func run(
    _ signals: borrowing SignalSource, _ supervised: Supervised, with client: InnerClient? = nil
  ) throws {
    supervised.say(.ready)
    try publisher.publish(Line("router.started").with(state.fields))
    var end: Instant?
    var isClientTold = false
    var isClientDone = client == nil
    while true {
      if let ending, Clock.now() >= ending.limit { break }
      if broker.isDraining && broker.isEmpty && sets.isEmpty {
        // A client that reads nothing does not keep the router from ending.
        let now = Clock.now()
        let limit = end ?? now.adding(milliseconds: Self.farewellMilliseconds)
        if isClientDone && output.isEmpty { break }
        let isOver = broker.drainEnd.map { now >= $0 } ?? false
        if now >= limit && (isClientDone || isOver) { break }
        end = limit
      }
      try wait(signals, supervised.lifeline, client?.done.descriptor.number)
      if poll.isReady(5) { obey(signals, supervised.graceMilliseconds) }
      if poll.isReady(8) { return }
      if let client {
        if poll.isReady(9) {
          client.done.answer()
          isClientDone = true
          if client.isLast { broker.drain(now: Clock.now()) }
        }
        if broker.isDraining && !isClientTold {
          client.draining.ring()
          isClientTold = true
        }
      }
      if poll.isReady(3) { try subscriber.followChanges() }
      if poll.isReady(2) { try receivePublications() }
      if poll.isReady(1) { _ = try receiveFromWorkers() }
      if poll.isReady(0) || unread != nil { try receiveFromClients() }
      if !peers.isEmpty { try receiveFromPeers() }
      if clients.hasNews || workers.hasNews || poll.isReady(6) || poll.isReady(7) {
        try followConnections()
      }
      let now = Clock.now()
      if now >= nextSignOfLife {
        nextSignOfLife = now.adding(milliseconds: Notice.aliveMilliseconds)
        supervised.say(.alive)
        checkPaths(now)
      }
      if let nextTick, now >= nextTick {
        for (number, peer) in peers.enumerated() {
          if let time = peer.lastReceived(now) { broker.receivedPart(from: number, at: time) }
        }
        broker.tick(now: now)
      }
      sets.tick(&broker, now: now)
      sets.stepLooked(&broker, now: now)
      // Whoever waits for one answer waits for all that is done before this.
      try settle()
      if now >= nextFlush {
        latestFlush = now
        try output.flush(through: clients, now: now)
      }
      if poll.isReady(4) || publisher.isHolding || now >= publisher.nextDue {
        try publisher.serve(now: now) { (state, broker.abandonments) }
      }
    }
    try publisher.publish(Line("router.stopped"))
    if let ending { leave(ending.error) }
  }

  /// Notices that others cannot reach the sockets, which another router has to bind anew.
  private mutating func checkPaths(_ now: Instant) {
    guard ending == nil, let (path, why) = clients.paths.lost() ?? workers.paths.lost() else {
      return
    }
    let error = ToolError("socket \(path)", why, .cannotCreate)
    Diagnostics.report(error)
    ending = (error, now.adding(milliseconds: Self.lostMilliseconds))
    broker.drain(now: now)
  }

  /// Ends the process with its sockets open: to close one would unlink what has its path now. What
  /// was sent gets the time to leave.
  private func leave(_ error: ToolError) -> Never {
    usleep(Self.leavingMicroseconds)
    Tool.exit(error.status)
  }

  /// Lets the last answers and events out, as long as the sockets' LINGER says: the answers before this
  /// returns.
  package consuming func close() throws {
    clients.paths.remove()
    workers.paths.remove()
    try ToolError.wrapping { () throws(ZMQError) in try clients.base.finish() }
    try publisher.close()
  }

  /// Likewise, while a client in this process still has its end of a socket, for which `close` would wait:
  /// what was sent gets some time to leave.
  package consuming func abandon() {
    clients.paths.remove()
    workers.paths.remove()
    usleep(Self.leavingMicroseconds)
  }

  private mutating func obey(_ signals: borrowing SignalSource, _ graceMilliseconds: Int?) {
    while let signal = signals.next() {
      switch signal {
      case .user1: broker.clearQuarantine()
      default:
        let now = Clock.now()
        // Early enough that the last answers are out before it is killed. Whom nobody kills ends at once
        // when it is told so a second time.
        let end =
          graceMilliseconds.map {
            now.adding(milliseconds: max($0 / 2, $0 - Self.farewellMilliseconds))
          } ?? (broker.isDraining ? now : nil)
        broker.drain(now: now, end: end)
      }
    }
  }

  private var nextFlush: Instant { latestFlush.adding(milliseconds: output.retryMilliseconds) }

  private mutating func wait(
    _ signals: borrowing SignalSource, _ lifeline: Int32?, _ clientIsDone: Int32?
  ) throws {
    // A peer may have got another socket.
    if poll.count == 0 || !peers.isEmpty { fillPoll(signals, lifeline, clientIsDone) }
    let now = Clock.now()
    var due = min(publisher.nextDue, nextSignOfLife)
    nextTick = broker.nextDeadline
    if let nextTick { due = min(due, nextTick) }
    if let deadline = sets.nextDeadline { due = min(due, deadline) }
    if !output.isEmpty { due = min(due, nextFlush) }
    if unread != nil { due = now }
    try poll.wait(milliseconds: due.millisecondsUp(since: now))
  }

  private mutating func fillPoll(
    _ signals: borrowing SignalSource, _ lifeline: Int32?, _ clientIsDone: Int32?
  ) {
    poll.removeAll()
    poll.add(clients.base.socket)
    poll.add(workers.base.socket)
    poll.add(subscriber.base.socket)
    poll.add(descriptor: subscriber.watchDescriptor)
    poll.add(publisher.socket)
    poll.add(descriptor: signals.descriptor.number)
    poll.add(clients.base.monitor)
    poll.add(workers.base.monitor)
    poll.add(descriptor: lifeline ?? -1)
    poll.add(descriptor: clientIsDone ?? -1)
    for peer in peers { peer.addSockets(to: &poll) }
  }
}
