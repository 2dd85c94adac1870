import Client
import Wire
import ZeroMQ

/// Who sends requests.
extension World {
  static var settings: Client.Settings {
    var settings = Client.Settings()
    settings.window = 8
    settings.tries = 4
    settings.timeoutMilliseconds = 3000
    return settings
  }

  mutating func happen(to index: Int, _ event: CallerEvent) {
    switch event {
    case .connects: connect(index)
    case .acts: act(index)
    case .reads(let request): read(index, request)
    case .ticks:
      callers[index].tickDue = nil
      callers[index].session?.tick(now: now)
      serve(index)
    case .loses(let connection):
      guard callers[index].connection == connection else { return }
      connections[connection].closedAt = now
      lose(index)
    }
  }

  private mutating func connect(_ index: Int) {
    guard callers[index].connection == nil, !callers[index].isOver else { return }
    guard isRouterUp else { return plan(.caller(index, .connects), in: 10_000...50_000) }
    let connection = connections.count
    connections.append(Connection(owner: .caller(index), router: router, isAtRouter: true))
    ledger.workers.append(Ledger.Worker())
    callers[index].connection = connection
    // The second comes through a proxy, which keeps its clients apart.
    callers[index].envelopes = [envelopes.count, envelopes.count + 1]
    envelopes += [Ledger.peer(connection), .scoped([UInt8(truncatingIfNeeded: connection)])]
    callers[index].session?.connected()
    serve(index)
    if !callers[index].isActing {
      callers[index].isActing = true
      plan(.caller(index, .acts), in: 0...scenario.pace)
    }
  }

  /// Its connection is no more.
  private mutating func lose(_ index: Int) {
    callers[index].connection = nil
    callers[index].sent = []
    callers[index].session?.disconnected(now: now)
    serve(index)
    plan(.caller(index, .connects), in: 1000...50_000)
  }

  private mutating func act(_ index: Int) {
    callers[index].isActing = !isSettling
    guard !isSettling, !callers[index].isOver else { return }
    plan(.caller(index, .acts), in: 0...2 * scenario.pace)
    if callers[index].session != nil { return submit(index) }
    guard let connection = callers[index].connection else { return }
    switch pick(100) {
    case 0..<3: disconnect(index, connection)
    case 3..<13: takeBack(index, connection)
    case 13..<15: readAnything(index, connection)
    case 15..<17:
      let request = register(index, connection, .cancel(id: "x"), Sent.nobody(0), envelope: 0)
      send(.malformed(connection: connection, request), through: connection)
    default:
      for _ in 0..<(1 + pick(scenario.burst)) { ask(index, connection) }
    }
  }

  mutating func disconnect(_ index: Int, _ connection: Int) {
    connections[connection].closedAt = now
    let due = connections[connection].toRouter.due(later(50...5000))
    agenda.plan(.callerGone(connection: connection), at: due)
    lose(index)
  }

  private mutating func takeBack(_ index: Int, _ connection: Int) {
    guard !callers[index].sent.isEmpty else { return }
    let (envelope, id) = callers[index].sent.remove(at: pick(callers[index].sent.count))
    send(.takeBack(connection: connection, envelope: envelope, id: id), through: connection)
  }

  mutating func send(_ happening: Happening, through connection: Int) {
    agenda.plan(happening, at: connections[connection].toRouter.due(arrival()))
  }

  // MARK: Requests

  /// Sends one request, whatever comes to mind.
  private mutating func ask(_ index: Int, _ connection: Int) {
    let envelope = callers[index].envelopes[chance(90) ? 0 : 1]
    let id = chance(90) ? newId(index) : nil
    if let id { callers[index].sent.append((envelope, id)) }
    if callers[index].sent.count > 20 { callers[index].sent.removeFirst() }
    if chance(4) {
      let subject = Show.Subject.allCases[pick(Show.Subject.allCases.count)]
      let show = Show(id: id, subject: subject, format: .json)
      let request = register(index, connection, .show(show), Sent.nobody(0), envelope: envelope)
      return send(.request(request), through: connection)
    }
    var (query, sent) = statement(id)
    if id != nil, chance(scenario.streams) { query.credit = Int(number(1...4)) }
    query.deadlineMilliseconds =
      query.credit != nil && chance(scenario.patience)
      ? 200_000
      : chance(80)
        ? Int(number(Int64(scenario.deadlines.lowerBound)...Int64(scenario.deadlines.upperBound)))
        : nil
    let database = Database.names.firstIndex(of: query.database) ?? Database.unknown
    if let version = callers[index].versions[database], chance(scenario.watchers) {
      query.ifVersion = version
      query.waitsForChange = chance(70)
    }
    sent = Sent(
      request: ledger.requests.count, text: sent.text, parameters: sent.parameters)
    let request = register(index, connection, .query(query), sent, envelope: envelope)
    send(.request(request), through: connection)
  }

  private mutating func newId(_ index: Int) -> String {
    // Now and then one that may be in flight.
    if chance(4), let last = callers[index].sent.last { return last.id }
    callers[index].nextId += 1
    return String(callers[index].nextId)
  }

  private mutating func statement(_ id: String?) -> (Query, Sent) {
    let text = pick(scenario.texts.count)
    let database =
      chance(3)
      ? Database.unknown : chance(10) ? pick(databases.count) : scenario.texts[text].database
    let query = Query(id: id, database: Database.names[database], format: .json)
    return (query, Sent(request: -1, text: text, parameters: pick(Sent.parameterSets)))
  }

  mutating func register(
    _ index: Int, _ connection: Int, _ message: ClientMessage, _ sent: Sent, envelope: Int
  ) -> Int {
    var database: Int?
    if case .query(let query) = message {
      database = Database.names.firstIndex(of: query.database) ?? Database.unknown
    }
    let request = ledger.requests.count
    ledger.requests.append(
      Ledger.Request(
        Sent(request: request, text: sent.text, parameters: sent.parameters), message,
        connection: connection, envelope: envelope,
        size: Int(number(10...scenario.size)), database: database))
    return request
  }

  // MARK: Sessions

  private mutating func submit(_ index: Int) {
    for _ in 0..<(1 + pick(scenario.burst)) where callers[index].session?.hasRoom ?? false {
      var (query, sent) = statement(nil)
      if chance(scenario.streams) { query.credit = Client.Settings.streamCredit }
      callers[index].session?.submit(
        .request(
          Client.Request(
            .query(query), sql: [UInt8(sent.text), UInt8(sent.parameters)],
            place: .argument(query.database))),
        now: now)
    }
    serve(index)
  }

  /// Does what a session wants done.
  private mutating func serve(_ index: Int) {
    while let effect = callers[index].session?.next(now: now) {
      switch effect {
      case .send(let request, let id, let milliseconds):
        let line = request.line(id: id, deadlineMilliseconds: milliseconds)
        send(line.encoded(), request.sql, of: index)
      case .credit(let id, let chunks):
        control(index) {
          .credit(connection: $0, envelope: $1, id: String(id), chunks: chunks)
        }
      case .cancel(let id):
        control(index) { .takeBack(connection: $0, envelope: $1, id: String(id)) }
      case .printChunk, .print, .report, .complain, .connect: break
      case .giveUpConnecting:
        callers[index].isOver = true
        return
      }
    }
    guard let due = callers[index].session?.nextTick else { return }
    if let planned = callers[index].tickDue, planned <= due { return }
    callers[index].tickDue = due
    agenda.plan(.caller(index, .ticks), at: max(due, now.adding(microseconds: 10)))
  }

  /// Sends what a session says about a stream: to a connection and under an envelope.
  private mutating func control(_ index: Int, _ message: (Int, Int) -> Happening) {
    guard let connection = callers[index].connection else { return }
    send(message(connection, callers[index].envelopes[0]), through: connection)
  }

  private mutating func send(_ line: [UInt8], _ sql: [UInt8], of index: Int) {
    guard let connection = callers[index].connection, let parsed = try? Line(parsing: line),
      let message = try? ClientMessage(parsed)
    else { return }
    let sent = Sent(request: -1, text: Int(sql[0]), parameters: Int(sql[1]))
    let request = register(
      index, connection, message, sent, envelope: callers[index].envelopes[0])
    send(.request(request), through: connection)
  }

  /// An answer has arrived.
  mutating func receive(_ reply: Answered, on connection: Int) throws {
    guard case .caller(let index) = connections[connection].owner,
      connections[connection].closedAt == nil
    else { return }
    try ledger.willArrive(reply)
    let chunk = reply.line.word == "MORE" ? reply.line["chunk"].flatMap { Int($0) } : nil
    if chunk != nil && callers[index].session == nil { return take(reply.request, index) }
    let request = ledger.requests[reply.request]
    if let database = request.database, let version = reply.line["version"] {
      callers[index].versions[database] = version
    }
    if chunk == nil {
      callers[index].sent.removeAll {
        $0.id == request.message.id && $0.envelope == request.envelope
      }
    }
    guard callers[index].session != nil, let id = reply.line["id"].flatMap({ UInt64($0) }) else {
      return
    }
    let answer = Answer(
      id: id, outcome: chunk == nil ? Outcome(reply.line) : nil, chunk: chunk,
      chunks: reply.line["chunks"].flatMap { Int($0) } ?? 0,
      body: chunk == nil ? .delimiter : .bytes([0]))
    callers[index].session?.receive(answer, now: now)
    serve(index)
  }
}
