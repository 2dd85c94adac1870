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
  /// What libzmq may hold for each client, in messages: of any size that it sends, and of those that
  /// it is sent those that are not counted by their bytes.
  package static let clientHighWaterMarks = HighWaterMarks(receive: 64, send: 1000)
  /// A worker's answers wait until the router takes them, and what it is sent it must be able to get.
  package static let workerHighWaterMarks = HighWaterMarks(receive: 1000, send: 1000)
  /// The largest frame that a client may send, in bytes.
  package static let maxClientFrame: Int64 = 16 << 20
  /// The largest frame that a worker may send.
  package static let maxWorkerFrame: Int64 = 1 << 30

  private var clients: RouterSocket
  private var workers: RouterSocket
  private var broker: Broker
  private var sets = Sets()
  private let peers: [PeerLink]
  private var output = ClientOutput()
  private var publisher: Publisher
  private var subscriber: Subscriber
  /// What the state says of this router.
  private let state: Line
  private var poll = PollSet()
  /// The effects that are carried out. The array is kept from one time to the next.
  private var effects: [Effect] = []
  /// Whether something was lost while effects were carried out.
  private var isToSettle = false
  private var rejections = OnceASecond()
  private var rowDrops = OnceASecond()
  private var answerDrops = OnceASecond()
  private var nextSignOfLife = Instant.start
  /// The broker's next deadline, as of the last wait.
  private var nextTick: Instant?
  private var nextFlush = Instant.start
  /// Of a client's message, what the next turn goes on with.
  private var unread: RequestReader?
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
  /// - Parameter supervised: is told that this router is ready, and then that it lives.
  package mutating func run(
    _ signals: borrowing SignalSource, _ supervised: Supervised
  ) throws {
    supervised.say(.ready)
    try publisher.publish(Line("router.started").with(state.fields))
    var end: Instant?
    while true {
      if let ending, Clock.now() >= ending.limit { break }
      if broker.isDraining && broker.isEmpty && sets.isEmpty {
        // A client that reads nothing does not keep the router from ending.
        let limit = end ?? Clock.now().adding(milliseconds: Self.farewellMilliseconds)
        if output.isEmpty || Clock.now() >= limit { break }
        end = limit
      }
      try wait(signals, supervised.lifeline)
      if poll[5].contains(.readable) { obey(signals, supervised.graceMilliseconds) }
      if !poll[8].isEmpty { return }
      if poll[3].contains(.readable) { try subscriber.followChanges() }
      if poll[2].contains(.readable) { try receivePublications() }
      if poll[1].contains(.readable) {
        _ = try receiveFromWorkers()
        try carryOut()
      }
      if poll[0].contains(.readable) || unread != nil { try receiveFromClients() }
      if !peers.isEmpty { try receiveFromPeers() }
      if clients.hasNews || workers.hasNews || !poll[6].isEmpty || !poll[7].isEmpty {
        try followConnections()
      }
      let now = Clock.now()
      if now >= nextSignOfLife {
        nextSignOfLife = now.adding(milliseconds: Notice.aliveMilliseconds)
        supervised.say(.alive)
        checkPaths(now)
      }
      if let nextTick, now >= nextTick { broker.tick(now: now) }
      sets.tick(&broker, now: now)
      // Whoever waits for one answer waits for all that is done before this.
      try settle()
      if now >= nextFlush {
        nextFlush = now.adding(milliseconds: Outbox.retryMilliseconds)
        try output.flush(through: clients)
      }
      if !poll[4].isEmpty || publisher.isHolding || now >= publisher.nextDue {
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

  private mutating func wait(
    _ signals: borrowing SignalSource, _ lifeline: Int32?
  ) throws {
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
    for peer in peers { peer.addSockets(to: &poll) }
    let now = Clock.now()
    var due = min(publisher.nextDue, nextSignOfLife)
    nextTick = broker.nextDeadline
    if let nextTick { due = min(due, nextTick) }
    if let deadline = sets.nextDeadline { due = min(due, deadline) }
    if !output.isEmpty { due = min(due, nextFlush) }
    if unread != nil { due = now }
    try poll.wait(milliseconds: due.millisecondsUp(since: now))
  }

  private mutating func receivePublications() throws {
    var turn = Turn(now: Clock.now())
    while let publication = try subscriber.receive() {
      if publication.missed > 0 {
        let publisher = publication.publisher
        broker.effects.append(
          .publish(
            Line("router.gap").with("from", publisher.name)
              .with("from_incarnation", publisher.incarnation).with("missed", publication.missed)))
      }
      let now = Clock.now()
      broker.receive(publication, now: now)
      guard turn.goesOn(after: 0, now: now) else { return }
    }
  }

  /// Returns whether there is nothing more to receive.
  private mutating func receiveFromWorkers() throws -> Bool {
    var turn = Turn(now: Clock.now())
    while let (message, _) = try workers.receive() {
      let now = Clock.now()
      do throws(LineError) {
        try broker.receive(fromWorker: message, now: now)
      } catch {
        reject(error.description)
      }
      guard turn.goesOn(after: message.size, now: now) else { return false }
    }
    return true
  }

  private mutating func receiveFromClients() throws {
    var turn = Turn(now: Clock.now())
    while true {
      if unread == nil {
        guard let (message, isConnected) = try clients.receive() else { return }
        // Whoever is gone waits for nothing.
        guard isConnected else {
          guard turn.goesOn(after: message.size, now: Clock.now()) else { return }
          continue
        }
        unread = RequestReader(message)
      }
      let now = Clock.now()
      var goesOn = true
      while goesOn, let received = unread?.next() {
        broker.receive(received, besides: &sets, now: now)
        goesOn = turn.goesOn(after: received.request.size, now: now)
      }
      // What is given to workers early need not wait for the rest.
      if !broker.effects.isEmpty { try carryOut() }
      guard goesOn else { return }
      unread = nil
    }
  }

  private mutating func receiveFromPeers() throws {
    // The first items are those of `wait`.
    for (number, peer) in peers.enumerated() {
      let (socket, monitor) = (9 + 2 * number, 10 + 2 * number)
      var turn = Turn(now: Clock.now())
      while !poll[socket].isEmpty, let reply = try peer.receive() {
        let now = Clock.now()
        if let problem = reply.problem { reject(problem, from: "peer") }
        broker.receive(reply, from: number, now: now)
        guard turn.goesOn(after: reply.size, now: now) else { break }
      }
      if !poll[monitor].isEmpty, try peer.isLost() {
        broker.disconnected(peer: number, now: Clock.now())
      }
    }
    if !broker.effects.isEmpty { try carryOut() }
  }

  /// Tells the broker who has gone away.
  private mutating func followConnections() throws {
    if try clients.hasEnded() {
      for peer in clients.takeEnded() {
        if unread?.connection == peer { unread = nil }
        let now = Clock.now()
        sets.disconnected(client: peer, &broker, now: now)
        broker.disconnected(client: peer, now: now)
      }
    }
    // What a worker has said before it went away is received first.
    if try workers.hasEnded(), try receiveFromWorkers() {
      for peer in workers.takeEnded() { broker.disconnected(worker: peer, now: Clock.now()) }
    }
    if let why = clients.takeRefusal() { reject(why, from: "client") }
    if let why = workers.takeRefusal() { reject(why) }
  }

  /// Says that something was refused, once a second at most.
  private mutating func reject(_ why: String, from sender: String = "worker") {
    let now = Clock.now()
    guard rejections.isDue(now) else { return }
    broker.effects.append(.publish(Line("router.rejected").with("from", sender).with("why", why)))
  }

  /// Has the broker decide on all that has happened.
  private mutating func settle() throws {
    repeat {
      sets.settle(&broker, now: Clock.now())
      broker.settle(now: Clock.now())
      try carryOut()
    } while isToSettle || sets.hasNews || sets.review(&broker, now: Clock.now())
  }

  /// Does what the broker wants done.
  private mutating func carryOut() throws {
    isToSettle = false
    try carryOutSets()
    repeat {
      swap(&effects, &broker.effects)
      defer { effects.removeAll(keepingCapacity: true) }
      for index in effects.indices {
        switch effects[index] {
        case .chunk(let number, let request, let line, let chunk):
          if sets.take(chunk, of: request) { continue }
          try answer(.of(request), line, .frame(chunk.frame), chunkOf: number)
        case .answer(let request, let line, let rows):
          if sets.take(line, rows, of: request) { continue }
          try answer(.of(request), line, part(rows))
        case .run(let peer, let orders): check(try workers.send(orders, to: peer), of: peer)
        case .tell(let peer, let command): check(try workers.send(command, to: peer), of: peer)
        case .hand(let number, let handovers): try peers[number].hand(handovers)
        case .tellPeer(let number, let message): try peers[number].tell(message)
        case .reconnect(let number): try peers[number].reconnect()
        case .publish(let event): try publisher.publish(event)
        }
      }
      if broker.effects.isEmpty {
        note(try output.sendPacks(through: clients))
        relieveOutput()
      }
    } while !broker.effects.isEmpty
  }

  private mutating func check(_ outcome: Socket.SendOutcome, of peer: PeerID) {
    // A worker that waits has room for a reply: one without room is not there.
    guard outcome != .sent else { return }
    broker.unreachable(peer, now: Clock.now())
    isToSettle = true
  }

  /// Sends what queries on several databases have come to.
  private mutating func carryOutSets() throws {
    guard !sets.effects.isEmpty else { return }
    let effects = sets.effects
    sets.effects = []
    for effect in effects {
      switch effect {
      case .chunk(let number, let request, let line, let chunk):
        try answer(request, line, chunk, chunkOf: number)
      case .answer(let request, let line, let rows): try answer(request, line, rows)
      }
    }
  }

  private mutating func answer(
    _ request: ClientRequest, _ line: Line, _ body: Part, chunkOf number: UInt64? = nil
  ) throws {
    let answer = Answer(request: request, line: line, body: body)
    let fate = try output.send(answer, chunkOf: number, through: clients)
    if let number, fate != .kept { breakOff(number, without: 1) }
    note(fate)
  }

  private mutating func note(_ fate: Outbox.Fate) {
    switch fate {
    case .kept: break
    case .cut: noteDroppedRows()
    case .dropped: noteDroppedAnswers()
    }
  }

  /// Keeps what waits for all clients within its bound. Every result of which chunks are dropped is
  /// still in flight then, or has its last part there as well.
  private mutating func relieveOutput() {
    guard let (chunks, hasDropped) = output.relieve() else { return }
    for (number, count) in chunks { breakOff(number, without: count) }
    noteDroppedRows()
    if hasDropped { noteDroppedAnswers() }
  }

  /// Has a result end of which chunks were dropped.
  private mutating func breakOff(_ number: UInt64, without chunks: Int) {
    let now = Clock.now()
    if !sets.unread(number, chunks: chunks, &broker, now: now) {
      broker.unread(number, chunks: chunks, now: now)
    }
    isToSettle = true
  }

  /// Says that errors took the place of rows.
  private mutating func noteDroppedRows() {
    if rowDrops.isDue(Clock.now()) { noteDropped("rows") }
  }

  /// Says that requests are left without an answer.
  private mutating func noteDroppedAnswers() {
    if answerDrops.isDue(Clock.now()) { noteDropped("answers") }
  }

  private mutating func noteDropped(_ what: String) {
    broker.effects.append(
      .publish(
        Line("router.dropped").with("what", what).with("why", "a client reads no answers")))
  }

  private func part(_ rows: Rows?) -> Part {
    switch rows {
    case nil: return .delimiter
    case .bytes(let bytes): return .bytes(bytes)
    case .rendered(let rows):
      let frame = rows.frame
      // What libzmq keeps is counted by what it sends.
      return .frame(frame.count < Packed.largeSize ? frame : frame.compact)
    case .values(let columns, let rows, let format):
      var bytes = ByteBuffer()
      let writer = RowWriter(format, columns: columns)
      writer.appendHeader(to: &bytes)
      for row in rows { writer.appendRow(row, to: &bytes) }
      return .frame(Frame(copying: bytes.bytes))
    }
  }
}
