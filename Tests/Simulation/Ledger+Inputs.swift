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
    requests[index].status = .open
    requests[index].limit = now.adding(milliseconds: allowed(request.message))
    open += 1
  }

  private func allowed(_ message: ClientMessage) -> Int {
    guard case .query(let query) = message else {
      return min(
        configuration.defaultDeadlineMilliseconds, configuration.maxDeadlineMilliseconds)
    }
    return min(
      query.deadlineMilliseconds ?? configuration.defaultDeadlineMilliseconds,
      configuration.maxDeadlineMilliseconds,
      configuration.databaseDeadlineMilliseconds[query.database] ?? .max)
  }

  /// Returns the request that must be answered `cancelled` now.
  func willTakeBack(_ envelope: Int, _ id: String) -> Int? {
    inFlight[Key(envelope: envelope, id: id)]
  }

  /// Something that is no request.
  mutating func willRefuse(_ index: Int) {
    requests[index].status = .open
    open += 1
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
  mutating func willArrive(_ reply: Reply) throws {
    let index = reply.request
    try require(!requests[index].hasArrived, "\(index) is answered a second time")
    requests[index].hasArrived = true
  }

  /// A connection is gone: nothing on it is answered any more.
  mutating func willLose(client connection: Int) {
    for index in requests.indices
    where requests[index].status == .open && requests[index].connection == connection {
      if let holder = requests[index].holder { workers[holder].held?.isAbandoned = true }
      close(index, .unanswered)
    }
  }

  mutating func willHear(_ connection: Int, _ report: Report) throws {
    speaker = report.report.member
    try require(!idle.contains(connection), "\(connection) speaks out of turn")
    workers[connection].member = report.report.member
    idle.append(connection)
    guard let attempt = report.result?.attempt, let index = report.body?.request else { return }
    let held = workers[connection].held
    let isHeld = workers[connection].isKnown && held?.attempt == attempt
    if isHeld { workers[connection].held = nil }
    let isCurrent = requests[index].status == .open && requests[index].tries == attempt.number
    if isCurrent || (isHeld && held?.isAbandoned == true) { docket.survived(requests[index].sent) }
    if isCurrent && report.result?.outcome == .unchanged { requests[index].wasUnchanged = true }
    // Its answer is taken now, or another worker runs it.
    if isCurrent { requests[index].holder = nil }
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
      inFlight[Key(envelope: request.envelope, id: id)] = nil
    }
    requests[index].status = .ended
    requests[index].place = nil
    open -= 1
    sum(index)
    sum(stage.rawValue)
  }
}

extension ClientMessage {
  var id: String? {
    switch self {
    case .query(let query): query.id
    case .show(let show): show.id
    case .cancel(let id): id
    }
  }
}
