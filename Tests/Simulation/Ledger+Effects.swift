import Wire

/// What the router does.
extension Ledger {
  mutating func take(
    _ line: Line, _ rows: Rows<Rendered>?, for index: Int, _ cause: Cause, now: Instant
  ) throws {
    let request = requests[index]
    try require(request.status == .open, "\(index) is answered, and is \(request.status)")
    let stage = try Stage(line)
    let id = stage == .badRequest && request.database == nil ? "x" : request.message.id
    try require(line["id"] == id, "\(index) is answered as \(line["id"] ?? "nobody")")
    if request.database != nil {
      try require(
        line["tries"] == String(request.tries), "\(index) was begun \(request.tries) times")
    }
    try check(stage, of: index, rows, now: now)
    if let holder = request.holder { workers[holder].held?.isAbandoned = true }
    if stage == .quarantined || stage == .deadline { hasHadTurn(request) }
    close(index, stage)
  }

  private func check(
    _ stage: Stage, of index: Int, _ rows: Rows<Rendered>?, now: Instant
  ) throws {
    let request = requests[index]
    switch stage {
    case .ok:
      switch (request.message, rows) {
      case (.query, .rendered(let body)):
        try require(
          body.request == index && body.attempt.number == request.tries,
          "\(index) is given the rows of \(body)")
      case (.show, .values): break
      default: throw Violation("\(index) is given rows of another kind")
      }
    case .unchanged: try require(request.wasUnchanged, "\(index) has changed, for all one knows")
    case .deadline: try require(now >= request.limit, "\(index) had time left")
    case .crashed:
      try require(
        request.deaths >= configuration.tries, "\(index) crashed only \(request.deaths) times")
    case .quarantined: try require(isRefused(index), "\(index) has done nothing")
    case .draining: try require(isDraining, "\(index) is drained")
    case .busy: try checkBusy(index, now: now)
    case .noSuchDatabase:
      let database = request.database ?? Database.unknown
      let isServed = idle.contains { workers[$0].serves.contains(database) }
      try require(!isServed, "\(index) asks for what there is")
    case .failed, .cancelled, .tooLarge, .denied, .badRequest: break
    default: throw Violation("\(stage) is no answer")
    }
  }

  func isRefused(_ index: Int) -> Bool {
    requests[index].database.map {
      $0 != Database.unknown && docket.isRefused(requests[index].sent)
    }
      ?? false
  }

  /// A worker is told something else than to run.
  mutating func take(_ command: WorkerCommand, to connection: Int) throws {
    try reply(connection)
    sum(connection)
    guard case .bye = command, workers[connection].isKnown else { return }
    workers[connection].wasDismissed = true
  }

  /// A worker that waits has exactly one reply.
  private mutating func reply(_ connection: Int) throws {
    guard let place = idle.firstIndex(of: connection) else {
      throw Violation("\(connection) is told something while it is busy")
    }
    idle.remove(at: place)
  }

  /// A worker is told to run.
  /// - Parameter runs: this, and what other workers are told to run after it in the same step.
  mutating func take(
    _ job: Job, for index: Int, to connection: Int, first runs: ArraySlice<Run>, now: Instant
  ) throws {
    let request = requests[index]
    try require(request.status == .open, "\(index) is run, and is \(request.status)")
    try require(request.holder == nil, "\(index) is run by two")
    try require(now < request.limit, "\(index) is run after its time")
    try require(job.attempt.number == request.tries + 1, "\(index) is run as \(job.attempt)")
    try require(!isRefused(index), "\(index) is run in quarantine")
    let database = request.database ?? Database.unknown
    let first = idle.first { workers[$0].serves.contains(database) }
    try require(first == connection, "\(index) is run by \(connection), not \(first ?? -1)")
    let isSuspect = seen.contains { $0.request.request == index && $0.isSuspect }
    try require(
      isSuspect || request.deaths == 0 && !docket.isSuspect(request.sent),
      "\(index) runs as if nobody had died of it")
    if isSuspect {
      let other = workers.firstIndex { $0.isKnown && $0.held?.isSuspect == true }
      try require(other == nil, "\(index) runs beside another suspect")
    }
    try checkTurn(runs)
    try reply(connection)
    sum(index)
    sum(connection)
    requests[index].tries += 1
    requests[index].holder = connection
    if !workers[connection].isKnown {
      workers[connection].isKnown = true
      known.append(connection)
    }
    workers[connection].held = Worker.Held(
      request: index, attempt: job.attempt, isSuspect: isSuspect)
  }

  /// The router publishes something.
  mutating func take(_ line: Line, _ cause: Cause, now: Instant) throws {
    coverage.note(try RouterEvent(line))
    guard line.word == "router.lost", let member = Member(line), let why = line["why"] else {
      return
    }
    guard let connection = workers.lastIndex(where: { $0.isKnown && $0.member == member }) else {
      throw Violation("\(member) is lost, and never was there")
    }
    let worker = workers[connection]
    workers[connection].isKnown = false
    workers[connection].held = nil
    coverage.note(worker.stage, WorkerStage.lost)
    coverage.note(worker.stage, try Loss(why: why))
    workers[connection].stage = .absent
    guard let held = worker.held else { return }
    let request = requests[held.request]
    let isCurrent = request.status == .open && request.tries == held.attempt.number
    if isCurrent { requests[held.request].holder = nil }
    guard isAccident(worker, why) else { return }
    try require(worker.hasEnded, "\(member) is charged, and lives")
    if isCurrent { requests[held.request].deaths += 1 }
    docket.charge(request.sent, now)
  }

  private func isAnnounced(_ worker: Worker) -> Bool {
    worker.member.map { announced[$0.generation] != nil } ?? false
  }

  /// Whether a loss is on the account of what the worker ran.
  private func isAccident(_ worker: Worker, _ why: String) -> Bool {
    switch why {
    case "it ended", "its connection was closed": !isAnnounced(worker)
    case "replaced":
      (speaker?.generation ?? 0) > (worker.member?.generation ?? 0) && !isAnnounced(worker)
    case "unreachable", "its supervisor ended", "its supervisor is silent",
      "its supervisor does not list it":
      false
    default: true
    }
  }
}
