import Wire

/// What the router does.
extension Ledger {
  mutating func take(
    _ line: Line, _ rows: Rows?, for index: Int, _ cause: Cause, now: Instant
  ) throws {
    let request = requests[index]
    try require(request.status == .open, "\(index) is answered, and is \(request.status)")
    let stage = try Stage(line)
    let id = stage == .badRequest && request.database == nil ? "x" : request.message.id
    try require(
      line["chunks"] == (request.chunks > 0 ? String(request.chunks) : nil),
      "\(index) has had \(request.chunks) chunks")
    try require(line["id"] == id, "\(index) is answered as \(line["id"] ?? "nobody")")
    if request.database != nil {
      try require(
        line["tries"] == String(request.tries), "\(index) was begun \(request.tries) times")
    }
    try check(stage, of: index, rows, now: now)
    if stage == .aborted { try checkAborted(index, cause, now: now) }
    abandon(index)
    if stage == .quarantined || stage == .deadline {
      // That may be when its turn came behind others that are run together.
      hasHadTurn(request)
      excused.append(request.connection)
    }
    close(index, stage)
  }

  private func check(
    _ stage: Stage, of index: Int, _ rows: Rows?, now: Instant
  ) throws {
    let request = requests[index]
    switch stage {
    case .ok:
      switch (request.message, rows) {
      case (.query, .rendered(let body)):
        let rendered = Rendered.of(body)
        try require(
          rendered.request == index && rendered.attempt.number == request.attempts
            && rendered.chunk == 0,
          "\(index) is given the rows of \(rendered.request), \(rendered.attempt)")
      case (.show, .values): break
      default: throw Violation("\(index) is given rows of another kind")
      }
    case .unchanged: try require(request.wasUnchanged, "\(index) has changed, for all one knows")
    case .deadline: try require(now >= request.limit, "\(index) had time left")
    case .crashed:
      try require(
        request.deaths >= configuration.tries && request.chunks == 0,
        "\(index) crashed only \(request.deaths) times, after \(request.chunks) chunks")
    case .quarantined: try require(isRefused(index), "\(index) has done nothing")
    case .draining: try require(isDraining, "\(index) is drained")
    case .busy: try checkBusy(index, now: now)
    case .noSuchDatabase:
      let database = request.database ?? Database.unknown
      let isServed = idle.contains { workers[$0].serves.contains(database) }
      try require(!isServed, "\(index) asks for what there is")
    case .aborted, .failed, .cancelled, .tooLarge, .denied, .badRequest: break
    default: throw Violation("\(stage) is no answer")
    }
  }

  func isRefused(_ index: Int) -> Bool {
    requests[index].database.map {
      $0 != Database.unknown && docket.isRefused(requests[index])
    }
      ?? false
  }

  /// A worker is told something else than to run.
  mutating func take(_ command: WorkerCommand, to connection: Int, now: Instant) throws {
    sum(connection)
    switch command {
    case .go, .stop: return try takeWord(command, to: connection, now: now)
    // To one in the middle of a result as well.
    case .bye where asking.contains(connection): asking.removeAll { $0 == connection }
    case .bye, .rescan, .check, .run: try reply(connection)
    }
    guard case .bye = command, workers[connection].isKnown else { return }
    workers[connection].wasDismissed = true
  }

  /// A worker that waits has exactly one reply.
  mutating func reply(_ connection: Int) throws {
    guard let place = idle.firstIndex(of: connection) else {
      throw Violation("\(connection) is told something while it is busy")
    }
    idle.remove(at: place)
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
    workers[connection].held = []
    workers[connection].stalledSince = nil
    workers[connection].isStopped = false
    coverage.note(worker.stage, WorkerStage.lost)
    coverage.note(worker.stage, try Loss(why: why))
    workers[connection].stage = .absent
    try lose(worker.held, of: worker, connection, isAccident(worker, why), now)
  }

  /// What the loss of a worker means for what it had: when it is an accident, the only one is charged
  /// with it, and of several nobody, but each may be the one that did it.
  private mutating func lose(
    _ held: [Worker.Held], of worker: Worker, _ connection: Int, _ isAccident: Bool, _ now: Instant
  ) throws {
    if isAccident && !held.isEmpty {
      try require(worker.hasEnded, "\(connection) is charged, and lives")
    }
    for one in held {
      let isCurrent = isHeld(one, by: connection)
      if isCurrent {
        requests[one.request].holder = nil
        requests[one.request].isReturned = true
      }
      guard isAccident else { continue }
      if isCurrent { requests[one.request].isSuspect = true }
      guard held.count == 1 else { continue }
      if isCurrent { requests[one.request].deaths += 1 }
      history.note(requests[one.request], microseconds: now.microseconds(since: one.begun))
      docket.charge(requests[one.request], now)
    }
  }

  private func isAnnounced(_ worker: Worker) -> Bool {
    worker.member.map { announced[$0.generation] != nil } ?? false
  }

  /// Whether a loss is on the account of what the worker ran, which it does not do while it waits for
  /// a reader.
  private func isAccident(_ worker: Worker, _ why: String) -> Bool {
    guard worker.stalledSince == nil else { return false }
    return switch why {
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
