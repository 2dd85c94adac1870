import Wire

/// The brokers' processes: what arrives, what leaves, and how they end and begin.
extension CircleWorld {
  mutating func start(_ site: Int) {
    guard !sites[site].isUp else { return }
    sites[site].starts += 1
    sites[site].name = "b\(site)-\(sites[site].starts)"
    sites[site].isUp = true
    var configuration = Configuration()
    configuration.broker = sites[site].name
    configuration.tries = scenario.tries
    configuration.peers = scenario.peers[site].map { "to-\($0)" }
    configuration.maxQueuedRequests = scenario.maxQueuedRequests
    configuration.maxRequestsInFlight = scenario.maxRequestsInFlight
    configuration.expectedWorkers = workers.count { $0.site == site }
    sites[site].broker = Broker(configuration, now: now)
    sites[site].outstanding = scenario.peers[site].map { _ in [:] }
    for link in sites[site].links { open(link) }
    for worker in workers.indices where workers[worker].site == site { rejoin(worker) }
    publish(site, state(of: site))
    wake(site)
  }

  mutating func end(_ site: Int) {
    sites[site].isUp = false
    sites[site].serial += 1
    sites[site].hasTurnEnd = false
    ledger.loses(site: site)
    for index in connections.indices {
      guard connections[index].site == site, connections[index].isAtBroker else { continue }
      connections[index].isAtBroker = false
      guard connections[index].isOpen, !connections[index].isCut else { continue }
      switch connections[index].owner {
      case .caller(let caller): lose(caller)
      case .link(let link): noteEnd(of: link)
      case .worker: break
      }
    }
    for link in sites[site].links { close(link) }
    plan(.starts(site: site), in: 5000...1_500_000)
  }

  // MARK: What arrives

  mutating func receive(_ packet: CirclePacket, over connection: Int) throws {
    guard connections[connection].isAtBroker, !connections[connection].isCut else { return }
    let site = connections[connection].site
    let message = try ClientMessage(packet.line)
    let sent = packet.sent.over(connection)
    let peer = Ledger.peer(connection)
    switch message {
    case .query(let query):
      try ledger.arrives(
        query, sent, at: site, sites[site].name, start: sites[site].starts, now: now)
    case .credit(let id, let chunks):
      ledger.grants(chunks, CircleLedger.Key(connection: connection, id: id))
      if let number = sites[site].broker.inFlight[ClientRequestID(client: peer, id: id)],
        let request = sites[site].broker.requests[number], request.peer != nil,
        request.credit != nil
      {
        dueCredit = Attempt(job: number, number: request.attempts)
      }
    default: break
    }
    try tell(site) {
      $0.receive(message, sent, size: 10, from: peer, over: peer, now: $1)
    }
  }

  mutating func forget(client connection: Int) throws {
    guard connections[connection].isAtBroker else { return }
    connections[connection].isAtBroker = false
    ledger.loses(connection: connection)
    try tell(connections[connection].site) {
      $0.disconnected(client: Ledger.peer(connection), now: $1)
    }
  }

  mutating func forget(worker connection: Int) throws {
    guard connections[connection].isAtBroker else { return }
    connections[connection].isAtBroker = false
    try tell(connections[connection].site) {
      $0.disconnected(worker: Ledger.peer(connection), now: $1)
    }
  }

  mutating func receive(_ report: CircleReport, from connection: Int) throws {
    guard connections[connection].isAtBroker else { return }
    let peer = Ledger.peer(connection)
    let results = report.results.map { (result: $0.result, body: Body(owner: $0.body, index: 0)) }
    try tell(connections[connection].site) { broker, now in
      if let chunk = report.chunk {
        let said = ChunkReport(member: report.report.member, attempt: chunk.attempt)
        return broker.receive(
          said, Body(owner: chunk, index: 0), results: results, from: peer, now: now)
      }
      let list = report.databases.map { set in
        Database.names.indices.filter(set.contains).map {
          ServedDatabase(name: Database.names[$0])
        }
      }
      broker.receive(
        report.report, databases: list, results: results,
        versions: report.version.map { [$0] } ?? [], from: peer, now: now)
    }
  }

  /// A peer has answered.
  mutating func receive(_ reply: CircleReply, from link: Int) throws {
    let (site, peer) = (links[link].site, links[link].peer)
    if var capacity = PeerCapacity(reply.line) {
      if !scenario.saysBounds { capacity.watches = nil }
      if capacity.broker == sites[site].name { ledger.coverage.note(.itself) }
      let list = try reply.list.withUnsafeBytes { try ServedDatabase.decode($0) }
      return try tell(site) { $0.receive(capacity, databases: list, from: peer, now: $1) }
    }
    guard let answer = PeerAnswer(reply.line) else {
      try require(
        reply.line["id"] == nil && reply.line["code"] == "busy", "no answer: \(reply.line)")
      return ledger.coverage.note(.askedTooSoon)
    }
    ledger.coverage.note(answer)
    if case .outcome = answer.content { sites[site].outstanding[peer][answer.attempt] = nil }
    let nothing = CircleBody(request: -1, run: -1, attempt: answer.attempt)
    let body = Body(owner: (reply.body ?? nothing).asked(as: answer.attempt), index: 0)
    try tell(site) { $0.receive(answer, body, from: peer, now: $1) }
  }

  // MARK: What it does

  /// Gives an input to a broker, which decides at once, or when it has been told more.
  mutating func tell(
    _ site: Int, _ input: (inout Broker, Instant) throws -> Void
  ) throws {
    guard sites[site].isUp else { return }
    try input(&sites[site].broker, now)
    _ = try carryOut(site)
    try require(dueCredit == nil, "a credit is not passed on")
    guard chance(scenario.gathering) else { return try endTurn(site) }
    guard !sites[site].hasTurnEnd else { return }
    sites[site].hasTurnEnd = true
    sites[site].serial += 1
    plan(.turnEnds(site: site, serial: sites[site].serial), in: 0...1000)
  }

  /// Nothing more has come: the broker decides on what it was told.
  mutating func endTurn(_ site: Int) throws {
    sites[site].hasTurnEnd = false
    let isTick = sites[site].broker.nextDeadline.map { $0 <= now } ?? false
    if isTick {
      sites[site].broker.tick(now: now)
      _ = try carryOut(site)
    }
    repeat { sites[site].broker.settle(now: now) } while try carryOut(site)
    let isDue = sites[site].broker.nextDeadline.map { $0 <= now } ?? false
    try require(!isTick || !isDue, "\(sites[site].name) does not sleep")
    if let problem = sites[site].broker.inconsistency {
      throw Violation("\(sites[site].name): \(problem)")
    }
    try checkOutstanding(site)
    if sites[site].broker.isDraining && sites[site].broker.isEmpty { return end(site) }
    wake(site)
  }

  private mutating func wake(_ site: Int) {
    sites[site].serial += 1
    guard let due = sites[site].broker.nextDeadline else { return }
    agenda.plan(
      .wakes(site: site, serial: sites[site].serial),
      at: now.adding(milliseconds: due.millisecondsUp(since: now)))
  }

  /// What peers have for all that they were told is what the broker thinks that they have.
  private func checkOutstanding(_ site: Int) throws {
    let broker = sites[site].broker
    for (number, peer) in broker.peers.enumerated() {
      let known = Set(
        peer.handed.keys.compactMap { job in
          broker.requests[job].map { Attempt(job: job, number: $0.attempts) }
        })
      try require(
        known == Set(sites[site].outstanding[number].keys),
        "\(sites[site].name): peer \(number) has \(sites[site].outstanding[number]), not \(known)")
    }
  }

  /// Does what a broker wants done. Returns whether it has more to decide on then.
  private mutating func carryOut(_ site: Int) throws -> Bool {
    var hasNews = false
    while !sites[site].broker.effects.isEmpty {
      var effects: [Effect] = []
      swap(&effects, &sites[site].broker.effects)
      for effect in effects {
        note("  \(sites[site].name): \(effect.inCircle)")
        if try !carryOut(effect, site) { hasNews = true }
      }
    }
    return hasNews
  }

  /// Returns false when a chunk had no room.
  private mutating func carryOut(_ effect: Effect, _ site: Int) throws -> Bool {
    switch effect {
    case .chunk(let number, let payload, let line, let body):
      let sent = CircleSent.of(payload)
      let key = CircleLedger.Key(connection: sent.connection, id: line["id"] ?? "")
      try ledger.passes(line, CircleBody.of(body), key)
      guard !chance(scenario.unread, of: 1000) || isSettling else {
        ledger.copies[key]?.hasGap = true
        sites[site].broker.unread(number, chunks: 1, now: now)
        return false
      }
      deliver(CircleReply(line, body: .of(body)), over: sent.connection)
    case .answer(let payload, let line, let rows):
      try answer(CircleSent.of(payload), line, rows, site)
    case .run(let peer, let orders): try run(orders, on: peer, site)
    case .tell(let peer, let command): send(.command(command), to: peer)
    case .hand(let peer, let handovers): try hand(handovers, to: peer, site)
    case .tellPeer(let peer, let message): tell(peer, message, site)
    case .reconnect(let peer):
      for request in sites[site].outstanding[peer].values {
        ledger.requests[request].losses += 1
      }
      sites[site].outstanding[peer] = [:]
      let link = sites[site].links[peer]
      close(link)
      open(link)
    case .publish(let line):
      ledger.coverage.note(line)
      pass(line, from: site)
    }
    return true
  }

  private mutating func answer(
    _ sent: CircleSent, _ line: Line, _ rows: Rows?, _ site: Int
  ) throws {
    if line.word == "CAPACITY" || line["id"] == nil {
      guard case .bytes(let list) = rows else {
        return deliver(CircleReply(line), over: sent.connection)
      }
      return deliver(CircleReply(line, list: list), over: sent.connection)
    }
    var body: CircleBody?
    if case .rendered(let rendered) = rows { body = .of(rendered) }
    // What failed without having been run by anybody has no rows.
    if let known = body, known.run < 0 { body = nil }
    try ledger.answers(line, body, sent, sites[site].name, now: now)
    deliver(CircleReply(line, body: body), over: sent.connection)
  }

  private mutating func run(_ orders: [Order], on peer: PeerID, _ site: Int) throws {
    for order in orders {
      let sent = CircleSent.of(order.request)
      try begins(order.job.attempt, sent, site, isHanded: false)
    }
    send(.run(orders), to: peer)
  }

  /// Nobody else may have a request that is begun, for all that this broker has told and was told.
  private mutating func begins(
    _ attempt: Attempt, _ sent: CircleSent, _ site: Int, isHanded: Bool
  ) throws {
    for others in sites[site].outstanding {
      try require(
        !others.keys.contains { $0.job == attempt.job },
        "\(sent.request) is begun while a peer has it")
    }
    let id = sites[site].broker.requests[attempt.job]?.id
    // What has been answered within the same turn has no id any more, and is not begun.
    guard let id else { return }
    let key = CircleLedger.Key(connection: sent.connection, id: id)
    try ledger.begins(attempt, key, at: site, isHanded: isHanded)
  }

  private mutating func hand(_ handovers: [Handover], to peer: Int, _ site: Int) throws {
    for handover in handovers {
      guard let attempt = handover.query.id.flatMap(Attempt.init(handedAs:)) else {
        throw Violation("handed over as \(handover.query)")
      }
      let sent = CircleSent.of(handover.request)
      try begins(attempt, sent, site, isHanded: true)
      sites[site].outstanding[peer][attempt] = sent.request
      send(CirclePacket(.query(handover.query), sent), through: sites[site].links[peer])
    }
  }

  private mutating func tell(_ peer: Int, _ message: ClientMessage, _ site: Int) {
    switch message {
    case .cancel(let id):
      ledger.coverage.note(.cancel)
      if let attempt = Attempt(handedAs: id) { sites[site].outstanding[peer][attempt] = nil }
    case .credit(let id, _):
      ledger.coverage.note(.credit)
      if Attempt(handedAs: id) == dueCredit { dueCredit = nil }
    default: break
    }
    send(CirclePacket(message, CircleSent(connection: -1)), through: sites[site].links[peer])
  }

  mutating func deliver(_ reply: CircleReply, over connection: Int) {
    guard connections[connection].isAtBroker, !connections[connection].isCut else { return }
    var soonest = arrival()
    if case .link(let link) = connections[connection].owner {
      soonest = max(soonest, links[link].stalledUntil)
    }
    let due = connections[connection].fromBroker.due(soonest)
    agenda.plan(.reply(connection: connection, reply), at: due)
  }

  /// Something arrives at whoever has connected.
  mutating func receive(_ reply: CircleReply, over connection: Int) throws {
    guard connections[connection].isOpen, !connections[connection].isCut else { return }
    switch connections[connection].owner {
    case .caller(let caller): take(reply, caller)
    case .link(let link): try receive(reply, from: link)
    case .worker: break
    }
  }
}
