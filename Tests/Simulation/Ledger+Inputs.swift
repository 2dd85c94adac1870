import Wire

/// What the router is told, in the moment before.
extension Ledger {
  mutating func willReceive(_ index: Int, now: Instant) {
    let request = requests[index]
    if let id = request.message.id {
      let key = Key(envelope: request.envelope, id: id)
      guard inFlight[key] == nil else {
        requests[index].status = .repeated
        coverage.note(.absent, Stage.repeated)
        return
      }
      inFlight[key] = index
    }
    arriving = index
    open.insert(index)
    requests[index].status = .open
    requests[index].limit = now.adding(milliseconds: allowed(request.message))
  }

  private func allowed(_ message: ClientMessage) -> Int {
    guard case .query(let query) = message else {
      return min(
        configuration.defaultDeadlineMilliseconds, configuration.maxDeadlineMilliseconds)
    }
    let caps = configuration.databaseDeadlineMilliseconds
    return min(
      query.deadlineMilliseconds ?? configuration.defaultDeadlineMilliseconds,
      configuration.maxDeadlineMilliseconds,
      caps[query.database] ?? .max)
  }

  /// Returns the request that must be answered `cancelled` now.
  func willTakeBack(_ envelope: Int, _ id: String) -> Int? {
    inFlight[Key(envelope: envelope, id: id)]
  }

  /// Something that is no request.
  mutating func willRefuse(_ index: Int) {
    requests[index].status = .open
    open.insert(index)
  }

  /// A worker says what no worker says, and counts as dead.
  mutating func willHearNonsense(_ connection: Int) {
    idle.append(connection)
    workers[connection].hasEnded = true
  }

  /// A process has ended, or counts as dead.
  mutating func hasEnded(_ connections: [Int]) {
    for connection in connections { workers[connection].hasEnded = true }
  }

  /// Its sender is about to get an answer.
  mutating func willArrive(_ reply: Answered) throws {
    let index = reply.request
    try require(!requests[index].hasArrived, "\(index) is answered a second time")
    if reply.line.word == "MORE" {
      requests[index].arrivedChunks += 1
      let number = requests[index].arrivedChunks
      return try require(
        reply.line["chunk"] == String(number), "chunk \(number) of \(index) does not come")
    }
    let chunks = requests[index].arrivedChunks + (requests[index].hasLostChunk ? 1 : 0)
    try require(
      Int(reply.line["chunks"] ?? "0") == chunks, "\(chunks) chunks of \(index) have come")
    requests[index].hasArrived = true
  }

  /// A connection is gone: nothing on it is answered any more.
  mutating func willLose(client connection: Int) {
    for index in open where requests[index].connection == connection {
      abandon(index)
      close(index, .unanswered)
    }
  }

  mutating func willHear(_ connection: Int, _ report: Report) throws {
    speaker = report.report.member
    try requireSilence(of: connection)
    workers[connection].member = report.report.member
    workers[connection].isStopped = false
    idle.append(connection)
    for (result, body) in report.results {
      take(result, body, hasList: report.databases != nil, from: connection)
    }
    guard workers[connection].isKnown else { return }
    let held = workers[connection].held
    workers[connection].held = []
    giveBack(held, connection)
  }

  mutating func take(
    _ result: AttemptResult, _ body: Rendered, hasList: Bool, from connection: Int
  ) {
    let index = body.request
    var held: Worker.Held?
    if workers[connection].isKnown,
      let place = workers[connection].held.firstIndex(where: { $0.attempt == result.attempt })
    {
      held = workers[connection].held.remove(at: place)
      history.note(requests[index], microseconds: result.runMicroseconds)
    }
    let request = requests[index]
    let isCurrent = request.status == .open && request.attempts == result.attempt.number
    if isCurrent || held?.isAbandoned == true { docket.survived(request) }
    guard isCurrent else { return }
    if result.outcome == .unchanged { requests[index].wasUnchanged = true }
    let hasLostDatabase =
      if case .failure(let failure) = result.outcome {
        failure.code == .noSuchDatabase && hasList
      } else { false }
    if hasLostDatabase {
      if request.holder != nil { requests[index].isReturned = true }
    } else if request.isGivenBack {
      // It was begun after all.
      requests[index].isGivenBack = false
      requests[index].tries += 1
    }
    // Its answer is taken now, or another worker runs it.
    requests[index].holder = nil
  }

  /// A supervisor's word has reached the router: an announced end is nobody's fault.
  mutating func willHear(_ publication: Publication, from station: Int) {
    let incarnation = publication.publisher.incarnation
    guard incarnation >= heard[station] ?? 0 else { return }
    heard[station] = incarnation
    let lines = publication.isState ? publication.members : [publication.line]
    for line in lines where line.word == "worker.stopping" || line["phase"] == "stopping" {
      if let member = Member(line) { announced[member.generation] = station }
    }
  }

  /// The router has forgotten a supervisor, and all that it has said.
  mutating func hasForgotten(_ station: Int) {
    guard heard.removeValue(forKey: station) != nil else { return }
    announced = announced.filter { $0.value != station }
  }

  /// A request has come to its end.
  mutating func close(_ index: Int, _ stage: Stage) {
    let request = requests[index]
    coverage.note(Stage(request.place), stage)
    if let id = request.message.id {
      let key = Key(envelope: request.envelope, id: id)
      if inFlight[key] == index { inFlight[key] = nil }
    }
    requests[index].status = .ended
    requests[index].place = nil
    open.remove(index)
    sum(index)
    sum(stage.rawValue)
  }
}

extension ClientMessage {
  var id: String? {
    switch self {
    case .query(let query): query.id
    case .show(let show): show.id
    case .cancel(let id), .credit(let id, _), .next(let id): id
    case .peer: nil
    }
  }
}
