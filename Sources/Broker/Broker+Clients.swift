internal import DequeModule
internal import HeapModule
package import Wire

extension Broker {
  /// A client has sent a request.
  /// - Parameters:
  ///   - size: of the request, in bytes.
  ///   - client: its connection and envelope, which scope its ids.
  ///   - connection: the routing id alone.
  package mutating func receive(
    _ message: ClientMessage, _ payload: any Statement, size: Int, from client: PeerID,
    over connection: PeerID, now: Instant
  ) {
    switch message {
    case .cancel(let id):
      guard let number = inFlight[ClientRequestID(client: client, id: id)] else { return }
      return finish(number, .failure(Failure(.cancelled, "its client took it back")), now: now)
    case .credit(let id, let chunks):
      _ = grant(chunks, id, of: client, now)
      return
    case .next(let id):
      if grant(1, id, of: client, now) { return }
      return refuse(payload, id: id, Failure(.aborted, "no such result is in flight"), now: now)
    case .peer(let question):
      return answer(question, payload, from: connection, now)
    case .query, .show: break
    }
    let request = PendingRequest(
      message, payload, size: size, from: client, over: connection, arrival: now,
      deadline: deadline(of: message.query, now))
    let number = nextNumber
    let key = request.key
    if let key, let earlier = inFlight.updateValue(number, forKey: key) {
      inFlight[key] = earlier
      return
    }
    let record = record(of: connection)
    if let (outcome, rows) = immediateAnswer(to: request, of: record, now) {
      if let key { inFlight[key] = nil }
      return answer(request, outcome, rows, now: now)
    }
    nextNumber += UInt64(request.count)
    admit(number, request, record)
    if request.each != nil && !staysWhole(request) { divide(number, request) }
  }

  /// Takes in a request of which no bound, and no other of its name, is in the way.
  mutating func admit(
    _ number: UInt64, _ request: PendingRequest, _ record: ClientRecord
  ) {
    if record.numbers.isEmpty { clients[request.connection] = record }
    record.numbers.insertInOrder(number)
    record.count += request.count
    record.bytes += request.size
    request.account = record
    takeIn(number, request)
  }

  /// What a connection has in flight, which may be nothing.
  private mutating func record(of connection: PeerID) -> ClientRecord {
    if let latestClient, latestClient.peer == connection { return latestClient.record }
    let record = clients[connection] ?? ClientRecord()
    latestClient = (connection, record)
    return record
  }

  mutating func takeIn(_ number: UInt64, _ request: PendingRequest) {
    requests.insert(request, number)
    deadlines.insert(Expiry(time: request.deadline, number: number))
    enqueue(number, request)
  }

  /// The answer to a request that is not taken.
  private mutating func immediateAnswer(
    to request: PendingRequest, of client: ClientRecord, _ now: Instant
  ) -> (Outcome, Rows?)? {
    if case .show(let show) = request.message {
      if let refusal = refusal(toShow: request.connection, now) { return (.failure(refusal), nil) }
      // Costs no worker and waits for nobody: also answered when everything else is refused. At the start,
      // peers are to have said what they are.
      if show.subject != .databases && !(show.subject == .peers && lacksPeers(now)) {
        let rows = rows(of: show, now)
        return (.rows(rows.count), rows.rendered())
      }
    }
    if request.hasComeFar, request.query?.way.contains(configuration.broker) ?? false {
      return (.failure(Self.busy("it has come through here already")), nil)
    }
    dispatchEarly(now)
    if !request.payload.isPart, let refusal = refusal(of: request, from: client, now) {
      return (.failure(refusal), nil)
    }
    request.statement = request.database.map { record(of: request.payload, on: $0) }
    return quarantineRefusal(of: request, now).map { (.failure($0), nil) }
  }

  /// What is known of a statement, and will be.
  private mutating func record(of payload: any Statement, on database: String) -> StatementRecord {
    let shape = StatementKey(database: database, text: payload.shapeHash)
    // Only who reserves workers has to know which of them are long.
    guard configuration.reservedWorkers > 0 else { return history.record(shape) }
    let text = StatementKey(database: database, text: payload.textHash)
    return text == shape ? history.record(text) : history.record(text, shape: history.record(shape))
  }

  /// A client has sent what cannot be taken as a request.
  /// - Parameter id: as far as it can be told.
  package mutating func refuse(
    _ payload: any Statement, id: String?, _ failure: Failure, now: Instant
  ) {
    let outcome = Outcome.failure(failure)
    effects.append(.answer(payload, outcome.line(id: id), nil))
    statistics.note(outcome, 1, now)
  }

  /// When the time of a query is over.
  package func deadline(of query: Query?, _ now: Instant) -> Instant {
    let asked = query?.deadlineMilliseconds ?? configuration.defaultDeadlineMilliseconds
    let cap = query.flatMap { configuration.databaseDeadlineMilliseconds[$0.database] }
    let milliseconds = min(asked, configuration.maxDeadlineMilliseconds, cap ?? .max)
    return now.adding(milliseconds: milliseconds)
  }

  /// A connection is gone: nobody waits for its answers.
  package mutating func disconnected(client connection: PeerID, now: Instant) {
    askers[connection] = nil
    guard let numbers = clients[connection]?.numbers else { return }
    let failure = Failure(.cancelled, "its client has gone away")
    for number in numbers {
      finish(number, .failure(failure), isAnswered: false, now: now)
    }
  }

  /// Puts a request without a worker where it belongs.
  mutating func enqueue(_ number: UInt64, _ request: PendingRequest) {
    noteWaiting(request, 1)
    guard let statement = request.statement,
      request.hasComeFar ? isWithinReach(request) : isAvailable(request.waitingName)
    else {
      if request.hasComeFar { strays.append(number) }
      request.state = .unresolved
      unresolved.insert(
        number, for: request.waitingName, counting: request.count, size: request.size)
      if !request.waitingName.isEmpty { request.account?.unresolved += request.count }
      hasUnasked = true
      return
    }
    // Without a reserve all workers take all, and what comes first is run first.
    let isShort = configuration.reservedWorkers == 0 || !statement.isLong
    let lane = isShort ? statement.lanes.short : statement.lanes.long
    request.state = .queued(lane)
    if request.isReturned || request.isSuspect {
      queue.insertUrgent(number, in: lane, counting: request.count, size: request.size)
    } else {
      queue.insert(
        number, of: request.connection, in: lane, counting: request.count, size: request.size)
    }
  }

  /// Whether some worker has a database, or had it and is to come back.
  private mutating func isAvailable(_ database: String) -> Bool {
    if database == latestServed { return true }
    guard isServed(database) else { return isExpected(database) }
    latestServed = database
    return true
  }

  /// Takes a request out of where it waits.
  mutating func dequeue(_ number: UInt64, _ request: PendingRequest) {
    let (database, size) = (request.waitingName, request.size)
    if request.isWaiting { noteWaiting(request, -1) }
    switch request.state {
    case .queued(let lane):
      queue.remove(number, of: request.connection, in: lane, counting: request.count, size: size)
    case .unresolved:
      unresolved.remove(number, for: database, counting: request.count, size: size)
      if !database.isEmpty { request.account?.unresolved -= request.count }
    case .parked: parked.remove(number, for: database, size: size)
    case .handed(let peer): peers[peer].release(number)
    case .running: break
    }
  }

  /// Counts what waits of each connection.
  mutating func noteWaiting(_ request: PendingRequest, _ more: Int) {
    request.account?.waiting += more * request.count
    request.account?.waitingBytes += more * request.size
  }

  /// Gives a request its final answer. What a worker still runs for it is abandoned.
  mutating func finish(
    _ number: UInt64, _ outcome: Outcome, _ rows: Rows? = nil,
    from result: (worker: Member, run: AttemptResult)? = nil, isAnswered: Bool = true,
    now: Instant
  ) {
    guard let request = remove(number) else { return }
    if let peer = request.worker, result == nil { abandon(peer, number, request, outcome, now) }
    if let peer = request.peer, result == nil { takeBack(number, request, from: peer) }
    if isAnswered {
      answer(request, outcome, rows, from: result, now: now)
    } else {
      note(outcome, request, request.count, now)
    }
    compactDeadlines()
  }

  /// Forgets a request. Whoever has it is to be told.
  mutating func remove(_ number: UInt64) -> PendingRequest? {
    guard let request = requests.removeValue(forKey: number) else { return nil }
    if let key = request.key, let other = inFlight.removeValue(forKey: key), other != number {
      // That of another one, as one of a series may have had it.
      inFlight[key] = other
    }
    goOn(number, request)
    dequeue(number, request)
    if let account = request.account {
      _ = account.numbers.removeInOrder(number)
      account.count -= request.count
      account.bytes -= request.size
      if account.numbers.isEmpty { clients[request.connection] = nil }
    }
    return request
  }

  mutating func answer(
    _ request: PendingRequest, _ outcome: Outcome, _ rows: Rows? = nil,
    from result: (worker: Member, run: AttemptResult)? = nil, now: Instant
  ) {
    var line = outcome.line(id: request.id)
    if request.database != nil { line.append("tries", request.tries) }
    if request.chunks > 0 { line.append("chunks", request.chunks) }
    line.append("worker", result?.worker.name)
    line.append(
      "version", outcome == .unchanged ? request.query?.ifVersion : result?.run.version)
    let waited = request.begun?.microseconds(since: request.arrival)
    line.append("queue_us", waited)
    line.append("run_us", result?.run.runMicroseconds)
    let each = request.each.map { min($0, result?.run.each ?? $0) }
    line.append("each", each)
    effects.append(.answer(request.payload, line, rows))
    let count = each ?? 1
    note(outcome, request, count, now)
    // Whoever waits for a change is not kept waiting.
    guard let waited, let run = result?.run.runMicroseconds, !request.waitsForChange else { return }
    statistics.note(
      wait: waited, run: run / Int64(count), total: now.microseconds(since: request.arrival),
      count, now)
  }

  /// Counts what clients are answered.
  private mutating func note(
    _ outcome: Outcome, _ request: PendingRequest, _ count: Int, _ now: Instant
  ) {
    if !request.isForNames { statistics.note(outcome, count, now) }
  }
}

extension ClientMessage {
  var query: Query? {
    guard case .query(let query) = self else { return nil }
    return query
  }
}
