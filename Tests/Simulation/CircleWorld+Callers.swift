import Wire

/// Who sends requests to a circle of brokers, and what those do to whoever runs them.
extension CircleWorld {
  /// So many requests of a client are open at once.
  private static let mostOpen = 50

  mutating func connect(caller: Int) {
    let site = callers[caller].site
    guard callers[caller].connection == nil else { return }
    guard sites[site].isUp else { return plan(.callerConnects(caller), in: 10_000...50_000) }
    connections.append(
      CircleConnection(owner: .caller(caller), site: site, start: sites[site].starts))
    callers[caller].connection = connections.count - 1
    plan(.callerActs(caller), in: 0...scenario.pace)
  }

  /// Its connection is no more: nobody waits for what it has sent.
  mutating func lose(_ caller: Int) {
    guard let connection = callers[caller].connection else { return }
    connections[connection].isOpen = false
    for request in callers[caller].open { ledger.requests[request].isOver = true }
    callers[caller].open = []
    callers[caller].connection = nil
    plan(.callerConnects(caller), in: 1000...50_000)
  }

  mutating func act(_ caller: Int) {
    guard let connection = callers[caller].connection, !isSettling else { return }
    switch pick(100) {
    case 0..<2:
      let due = connections[connection].toBroker.due(later(50...5000))
      agenda.plan(.clientGone(connection: connection), at: due)
      return lose(caller)
    case 2..<10:
      guard !callers[caller].open.isEmpty else { break }
      let request = callers[caller].open[pick(callers[caller].open.count)]
      send(.cancel(id: "q\(request)"), CircleSent(connection: connection))
    default:
      let room = Self.mostOpen - callers[caller].open.count
      for _ in 0..<max(0, min(room, 1 + pick(scenario.burst))) { ask(caller) }
    }
    plan(.callerActs(caller), in: 0...2 * scenario.pace)
  }

  private mutating func ask(_ caller: Int) {
    let text = pick(scenario.texts.count)
    let database =
      chance(3)
      ? Database.unknown
      : chance(10) ? pick(scenario.databases) : scenario.texts[text].database
    var query = Query(
      id: nil, database: Database.names[database], format: .json,
      deadlineMilliseconds: Int(number(scenario.deadlines)))
    if chance(scenario.streams) { query.credit = Int(number(1...4)) }
    if let version = callers[caller].versions[database], chance(scenario.watchers) {
      query.ifVersion = version
      query.waitsForChange = chance(70)
    }
    ask(caller, query, text: text, database: database)
  }

  /// Returns the request's number.
  @discardableResult
  mutating func ask(_ caller: Int, _ query: Query, text: Int, database: Int) -> Int? {
    guard let connection = callers[caller].connection else { return nil }
    let number = ledger.requests.count
    var query = query
    query.id = "q\(number)"
    let parameters = pick(2)
    ledger.requests.append(
      CircleRequest(
        query: query, text: text, parameters: parameters, database: database,
        site: callers[caller].site, connection: connection))
    callers[caller].open.append(number)
    send(
      .query(query),
      CircleSent(connection: connection, request: number, text: text, parameters: parameters))
    return number
  }

  private mutating func send(_ message: ClientMessage, _ sent: CircleSent) {
    let due = connections[sent.connection].toBroker.due(arrival())
    agenda.plan(.message(connection: sent.connection, CirclePacket(message, sent)), at: due)
  }

  mutating func take(_ reply: CircleReply, _ caller: Int) {
    guard let id = reply.line["id"], let request = Int(id.dropFirst()) else { return }
    if reply.line.word == "MORE" {
      guard isSettling || !chance(scenario.stalls) else { return }
      return plan(.reads(request: request), in: 0...5000)
    }
    callers[caller].open.removeAll { $0 == request }
    if let version = reply.line["version"] {
      callers[caller].versions[ledger.requests[request].database] = version
    }
  }

  /// Asks for more of a result.
  mutating func read(_ number: Int) {
    let request = ledger.requests[number]
    guard !request.isOver, connections[request.connection].isOpen else { return }
    send(
      .credit(id: "q\(number)", chunks: Int(self.number(1...3))),
      CircleSent(connection: request.connection))
  }

  // MARK: What runs do

  /// Texts of the world's own, behind those of the scenario.
  var quickText: Int { scenario.texts.count }
  var slowText: Int { scenario.texts.count + 1 }

  mutating func course(of request: CircleRequest, _ job: Job) -> Course {
    if job.ifVersion == "v\(versions[min(request.database, versions.count - 1)])" {
      return Course(end: .outcome(.unchanged), microseconds: 20, isInterruptible: true)
    }
    let rows = Course.End.outcome(.rows(1))
    let quick = Course(end: rows, microseconds: number(10...400), isInterruptible: true)
    let slow = Course(end: rows, microseconds: number(20_000...200_000), isInterruptible: true)
    var course = quick
    let nature = request.text < scenario.texts.count ? scenario.texts[request.text].nature : nil
    switch nature {
    case nil: course = request.text == slowText ? slow : quick
    case .brisk:
      course = Course(end: rows, microseconds: number(500...5000), isInterruptible: true)
    case .slow: course = slow
    case .moody: course = chance(85) ? quick : slow
    case .wrong:
      let failure = Failure(.sql, "wrong")
      course = Course(end: .outcome(.failure(failure)), microseconds: 100, isInterruptible: true)
    case .poison: course = Course(end: .death, microseconds: 3000, isInterruptible: true)
    case .deaf:
      course = Course(end: rows, microseconds: number(50_000...900_000), isInterruptible: false)
    default: break
    }
    if job.chunkBytes != nil, chance(60) { course.chunks = Int(number(1...6)) }
    return course
  }
}
