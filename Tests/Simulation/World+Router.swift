import Wire

/// The router's process: what arrives, what leaves, and how it ends and begins.
extension World {
  mutating func startRouter() {
    guard !isRouterUp else { return }
    router = takeNumber()
    routerSequence = 0
    isRouterUp = true
    sleepsUntil = now
    broker = Broker(scenario.configuration, now: now)
    ledger.forget()
    tickDue = broker.nextDeadline
    publishRouterState(router)
    // It subscribes to everybody, and is told their state.
    for station in stations.indices { publishState(station) }
  }

  mutating func takeNumber() -> Int64 {
    defer { nextNumber += 1 }
    return nextNumber
  }

  mutating func endRouter() {
    isRouterUp = false
    inbox.removeAll()
    turnEnd = nil
    deeds = []
    ledger.forget()
    for index in connections.indices where connections[index].router == router {
      connections[index].isAtRouter = false
      if case .caller(let caller) = connections[index].owner {
        plan(.caller(caller, .loses(connection: index)), in: 100...5000)
      }
    }
    plan(.routerStarts, in: 1000...500_000)
  }

  /// Something arrives that is for the router.
  mutating func arrive(_ happening: Happening) throws {
    note("router: \(happening)")
    switch happening {
    case .request(let index): try receive(index)
    case .takeBack(let connection, let envelope, let id):
      guard connections[connection].isAtRouter else { return }
      try takeBack(envelope, id)
    case .credit(let connection, let envelope, let id, let chunks):
      guard connections[connection].isAtRouter else { return }
      ledger.willGrant(chunks, envelope, id)
      let peer = envelopes[envelope]
      try tell(.credit) {
        $0.receive(
          .credit(id: id, chunks: chunks), Sent.nobody(-1), size: 0, from: peer,
          over: Ledger.peer(connection), now: $1)
      }
    case .next(let index): try receiveNext(index)
    case .malformed(let connection, let index):
      guard connections[connection].isAtRouter else { return }
      ledger.willRefuse(index)
      try tell(.malformed) {
        $0.refuse(Sent.nobody(index), id: "x", Failure(.badRequest, "unknown verb"), now: $1)
      }
    case .callerGone(let connection):
      guard connections[connection].isAtRouter else { return }
      connections[connection].isAtRouter = false
      ledger.willLose(client: connection)
      try tell(.callerGone) { $0.disconnected(client: Ledger.peer(connection), now: $1) }
    case .report(let connection, let report):
      guard connections[connection].isAtRouter else { return }
      try receive(report, on: connection)
    case .more(let connection, let more):
      guard connections[connection].isAtRouter else { return }
      try receive(more, on: connection)
    case .nonsense(let connection):
      guard connections[connection].isAtRouter else { return }
      ledger.willHearNonsense(connection)
      try tell(.nonsense) {
        $0.misunderstood(Ledger.peer(connection), why: "nonsense", now: $1)
      }
    case .workerGone(let connection):
      guard connections[connection].isAtRouter else { return }
      connections[connection].isAtRouter = false
      try tell(.workerGone) { $0.disconnected(worker: Ledger.peer(connection), now: $1) }
    case .note(.change(let note)): try tell(.note) { $0.receive(note, now: $1) }
    case .note(.overrun(let note)):
      ledger.willHear(note, now: now)
      try tell(.overrun) { $0.receive(note, now: $1) }
    case .publication(let station, let word): try receive(word.publication, from: station)
    default: break
    }
  }

  private mutating func receive(_ index: Int) throws {
    let request = ledger.requests[index]
    guard connections[request.connection].isAtRouter else { return }
    ledger.willReceive(index, now: now)
    var cause = Cause.query
    if case .show = request.message { cause = .show }
    let envelope = envelopes[request.envelope]
    try tell(cause) {
      $0.receive(
        request.message, request.sent, size: request.size, from: envelope,
        over: Ledger.peer(request.connection), now: $1)
    }
  }

  private mutating func receiveNext(_ index: Int) throws {
    let request = ledger.requests[index]
    guard connections[request.connection].isAtRouter, let id = request.message.id else { return }
    if !ledger.willGrant(1, request.envelope, id) { ledger.willRefuse(index) }
    let peer = envelopes[request.envelope]
    try tell(.next) {
      $0.receive(
        request.message, request.sent, size: request.size, from: peer,
        over: Ledger.peer(request.connection), now: $1)
    }
  }

  private mutating func receive(_ more: More, on connection: Int) throws {
    try ledger.willHear(connection, more)
    let results = more.results.map { (result: $0.result, body: Body(owner: $0.body, index: 0)) }
    try tell(.chunk) {
      $0.receive(
        more.report, Body(owner: more.chunk, index: 0), results: results,
        from: Ledger.peer(connection), now: $1)
    }
  }

  private mutating func takeBack(_ envelope: Int, _ id: String) throws {
    let index = ledger.willTakeBack(envelope, id)
    let peer = envelopes[envelope]
    try tell(.takeBack) {
      $0.receive(
        .cancel(id: id), Sent.nobody(-1), size: 0, from: peer, over: peer,
        now: $1)
    }
    guard let index else { return }
    try require(ledger.requests[index].status == .ended, "\(index) is not cancelled")
  }

  private mutating func receive(_ report: Report, on connection: Int) throws {
    try ledger.willHear(connection, report)
    if let databases = report.databases { ledger.workers[connection].serves = databases }
    let cause: Cause = !report.results.isEmpty ? .result : report.version != nil ? .version : .ready
    let list = report.databases.map { set in
      (0..<scenario.databases).filter(set.contains)
        .map { ServedDatabase(name: Database.names[$0]) }
    }
    let results = report.results.map {
      (result: $0.result, body: Body(owner: $0.body, index: 0))
    }
    try tell(cause) {
      $0.receive(
        report.report, databases: list, results: results,
        versions: report.version.map { [$0] } ?? [], from: Ledger.peer(connection), now: $1)
    }
  }

  /// Gives an input to the broker, which decides at once, or when it has been told more.
  mutating func tell(_ cause: Cause, _ input: (inout Broker, Instant) -> Void) throws {
    input(&broker, now)
    try judge(cause)
    // What is given to workers early does not wait for the rest.
    if cause == .query || cause == .show { try carryOut() }
    guard chance(scenario.gathering) else { return try endTurn() }
    turnEnd = turnEnd ?? later(0...1000)
  }

  /// Nothing more has come: the broker decides on what it was told.
  mutating func endTurn() throws {
    turnEnd = nil
    // The clock may go on between the two.
    let isTick = broker.nextDeadline.map { $0 <= now } ?? false && (tickDue == now || chance(50))
    if isTick {
      note("router: tick")
      broker.tick(now: now)
      try judge(.tick)
      for station in stations.indices where !broker.isHearing(stations[station].name) {
        ledger.hasForgotten(station)
      }
    }
    repeat {
      broker.settle(now: now)
      try judge(.settle)
    } while try carryOut()
    tickDue = broker.nextDeadline.map { now.adding(milliseconds: $0.millisecondsUp(since: now)) }
    try require(!isTick || tickDue != now, "the router does not sleep")
    if let cut = ledger.nextCut {
      let isInTime = tickDue.map { $0 < cut.adding(milliseconds: 1) } ?? false
      try require(isInTime, "the router sleeps while a reader keeps a worker")
    }
    if broker.isDraining && broker.isEmpty { endRouter() }
  }

  private mutating func judge(_ cause: Cause) throws {
    for effect in broker.effects { note("  \(effect)") }
    try ledger.review(broker, broker.effects, cause, now: now)
    deeds += broker.effects
    broker.effects.removeAll(keepingCapacity: true)
  }

  /// Does what the broker wants done. Returns whether something was lost thereby.
  @discardableResult
  private mutating func carryOut() throws -> Bool {
    var isLost = false
    while !deeds.isEmpty {
      var effects: [Effect] = []
      swap(&effects, &deeds)
      for effect in effects where try !carryOut(effect) { isLost = true }
    }
    return isLost
  }

  /// Returns false when it was for a worker that is not there any more.
  private mutating func carryOut(_ effect: Effect) throws -> Bool {
    switch effect {
    case .chunk(let number, let statement, let line, _):
      guard chance(scenario.unread) else {
        deliver(line, to: Sent.of(statement).request)
        return true
      }
      return try drop(number, Sent.of(statement).request)
    case .answer(let statement, let line, _): deliver(line, to: Sent.of(statement).request)
    case .run(let peer, let orders): return try send(.run(orders), to: peer)
    case .tell(let peer, let command): return try send(.command(command), to: peer)
    case .hand, .tellPeer, .reconnect: break
    case .publish(let line):
      guard line.word == EventWord.cancelled, let member = Member(line) else { return true }
      routerSequence += 1
      publish(line, [], to: member)
    }
    return true
  }

  private mutating func deliver(_ line: Line, to index: Int) {
    let connection = ledger.requests[index].connection
    guard connections[connection].isAtRouter else { return }
    let due = connections[connection].fromRouter.due(arrival())
    agenda.plan(.answered(connection: connection, Answered(index, line)), at: due)
  }

  /// There is no room for a chunk. Returns false, as the broker has more to decide on then.
  private mutating func drop(_ number: UInt64, _ index: Int) throws -> Bool {
    note("router: \(index) does not read")
    let wasOpen = ledger.willDrop(index)
    broker.unread(number, chunks: 1, now: now)
    try judge(.unread)
    try require(
      !wasOpen || ledger.requests[index].status == .ended, "\(index) goes on with a gap")
    return false
  }

  private mutating func send(_ reply: Reply, to peer: PeerID) throws -> Bool {
    let connection = try Ledger.connection(peer)
    if connections[connection].closedAt != nil {
      // What is sent before the router's socket has noticed is lost.
      guard !connections[connection].isAtRouter || chance(50) else { return true }
      broker.unreachable(peer, now: now)
      try judge(.unreachable)
      return false
    }
    let due = connections[connection].fromRouter.due(arrival())
    agenda.plan(.command(connection: connection, reply), at: due)
    return true
  }

  func routerWord(_ line: Line, _ members: [Line]) -> Word {
    Word(
      Publication(
        publisher: PublisherIdentity(name: "router", incarnation: router),
        sequence: routerSequence, line: line, members: members))
  }

  /// What the router publishes, to whoever listens.
  private mutating func publish(_ line: Line, _ members: [Line], to member: Member? = nil) {
    let word = routerWord(line, members)
    for index in living {
      guard member == nil || processes[index].member == member else { continue }
      if isLost() { continue }
      agenda.plan(.heard(process: index, word), at: processes[index].fromRouter.due(arrival()))
    }
  }

  static let routerState = Line(Publication.stateWord).with("role", "router")
    .with("workers", endpoint)

  mutating func publishRouterState(_ incarnation: Int64) {
    guard isRouterUp, incarnation == router else { return }
    if now >= sleepsUntil { publish(Self.routerState, broker.abandonments) }
    plan(.routerState(incarnation: incarnation), in: 1_000_000...1_000_000)
  }
}

// MARK: What supervisors say

extension World {
  private mutating func receive(_ publication: Publication, from station: Int) throws {
    ledger.willHear(publication, from: station)
    let lines = publication.isState ? publication.members : [publication.line]
    let name = stations[station].name
    let members = lines.compactMap(Member.init)
    let before = members.map { Standing(broker.phase(of: $0.name, under: name)) }
    let cause = Cause(publication)
    try tell(cause) { $0.receive(publication, now: $1) }
    for (member, before) in zip(members, before) {
      let after = Standing(broker.phase(of: member.name, under: name))
      if after != before { ledger.coverage.note(before, after) }
    }
  }
}
