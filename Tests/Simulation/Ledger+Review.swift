import Wire

extension Ledger {
  /// Judges what a router did about one input, or when it had no more of them.
  mutating func review(
    _ broker: borrowing Broker, _ effects: [Effect], _ cause: Cause, now: Instant
  ) throws {
    coverage.note(cause)
    if cause == .tick { docket.tick(now) }
    if cause == .pardon { docket.pardon() }
    look(broker, now: now)
    before = (stalled, known.count)
    stalledBefore.removeAll(keepingCapacity: true)
    for connection in before.stalled {
      stalledBefore[connection] = workers[connection].stalledSince
    }
    stopped = []
    excuse()
    answered = effects.count { if case .answer = $0 { true } else { false } }
    var runs: ArraySlice<Run> = []
    for case .run(let peer, let orders) in effects {
      let connection = try Self.connection(peer)
      for order in orders {
        runs.append(Run(request: Sent.of(order.request).request, connection: connection))
      }
    }
    for effect in effects {
      switch effect {
      case .chunk(_, let statement, let line, let chunk):
        try take(line, chunk, for: Sent.of(statement).request, now: now)
      case .answer(let statement, let line, let rows):
        try take(line, rows, for: Sent.of(statement).request, cause, now: now)
      case .run(let peer, let orders):
        try take(orders, to: try Self.connection(peer), first: runs, now: now)
        runs.removeFirst(orders.count)
      case .tell(let peer, let command):
        try take(command, to: try Self.connection(peer), now: now)
      case .publish(let line): try take(line, cause, now: now)
      case .hand, .tellPeer, .reconnect: throw Violation("there is no peer")
      }
    }
    noteShown(now)
    try compare(cause, now: now)
    try compareWorkers(broker, cause)
    try checkStreams(broker)
    forgetTurns()
    if let stranger = coverage.stranger { throw Violation("\(stranger) is not foreseen") }
    guard cause == .settle else { return }
    try checkWork()
    try checkCuts(now: now)
    reviews += 1
    if reviews % 16 == 0, let problem = broker.inconsistency { throw Violation(problem) }
  }

  /// One client is shown something at most once in 10 ms.
  private mutating func noteShown(_ now: Instant) {
    defer { arriving = nil }
    guard let arriving, case .show = requests[arriving].message else { return }
    let connection = requests[arriving].connection
    if let end = shown[connection], now < end { return }
    shown[connection] = now.adding(milliseconds: 10)
  }

  private mutating func look(_ broker: borrowing Broker, now: Instant) {
    missingLooks = broker.missingLooks(now)
    seen.removeAll(keepingCapacity: true)
    seenWorkers.removeAll(keepingCapacity: true)
    broker.forEachRequest {
      requests[$0.index].seat = seen.count
      seen.append($0)
    }
    broker.forEachWorker { seenWorkers.append($0) }
  }

  /// What is found to be suspect when it is its turn goes before all turns, and may have to wait.
  /// When its client has had that turn nobody can tell, among those that others have had.
  private mutating func excuse() {
    excused.removeAll(keepingCapacity: true)
    for request in seen {
      let entry = requests[request.index]
      guard case .inTurn = entry.place, request.isSuspect else { continue }
      hasHadTurn(entry)
      excused.append(entry.connection)
    }
  }

  /// The router must have exactly the requests that are open, and know the same of them.
  private mutating func compare(_ cause: Cause, now: Instant) throws {
    for request in seen {
      let index = request.index
      let entry = requests[index]
      try require(entry.status == .open, "\(index) is kept after its end")
      try require(
        entry.attempts == request.attempts,
        "\(index) was given to \(entry.attempts) workers, not \(request.attempts)")
      try require(
        entry.tries == request.tries,
        "\(index) was begun \(entry.tries) times, not \(request.tries)")
      try require(
        entry.deaths == request.deaths,
        "\(entry.deaths) workers have died of \(index), not \(request.deaths)")
      try require(
        entry.credit == request.credit,
        "\(index) may have \(entry.credit ?? -1) chunks, not \(request.credit ?? -1)")
      try require(entry.limit == request.deadline, "\(index) has another deadline")
      try require(
        (entry.holder != nil) == request.place.isHeld,
        "\(index) is \(request.place), and \(entry.holder ?? -1) has it")
      if request.isSuspect && !entry.isSuspect {
        try require(docket.isSuspect(entry), "\(index) is suspected of nothing")
        requests[index].isSuspect = true
      }
      if request.place == .parked { requests[index].isReturned = false }
      if entry.place != request.place {
        coverage.note(Stage(entry.place), Stage(request.place))
        requests[index].place = request.place
      }
      if cause == .tick {
        // A worker that has it may know more; and so it is for what has just lost its worker.
        let end =
          entry.attempts > 0 && !isStalled(entry)
          ? entry.limit.adding(milliseconds: Self.graceMilliseconds) : entry.limit
        try require(now < end, "\(index) is not answered in time")
      }
    }
    try require(seen.count == open.count, "of \(open.count) requests only \(seen.count) are kept")
  }

  /// The grace of a request that runs, from the design.
  static var graceMilliseconds: Int { 750 }

  private mutating func compareWorkers(
    _ broker: borrowing Broker, _ cause: Cause
  ) throws {
    var suspects = 0
    let before = known
    known.removeAll(keepingCapacity: true)
    for worker in seenWorkers {
      let connection = try Self.connection(worker.peer)
      let stage = WorkerStage(worker.place)
      workers[connection].isKnown = true
      workers[connection].wasDismissed = false
      known.append(connection)
      if workers[connection].stage != stage {
        coverage.note(workers[connection].stage, stage)
        workers[connection].stage = stage
      }
      if worker.runsSuspect { suspects += 1 }
      let holds =
        stage == .running || stage == .several || stage == .stalled || stage == .abandoning
      try require(
        holds == !workers[connection].held.isEmpty
          && worker.holds == workers[connection].held.count,
        "\(connection) is \(stage), and has \(worker.holds) requests")
    }
    for connection in before where workers[connection].isKnown && !known.contains(connection) {
      try require(workers[connection].wasDismissed, "\(connection) is forgotten")
      coverage.note(workers[connection].stage, .dismissed)
      workers[connection].isKnown = false
      workers[connection].stage = .absent
    }
    try require(suspects <= 1, "\(suspects) suspects run at once")
    let listed = broker.waitingWorkers
    try require(
      listed.count == idle.count && zip(listed, idle).allSatisfy { $0 == Self.peer($1) },
      "these wait for a reply: \(idle)")
  }

  /// Nothing waits that could run.
  private func checkWork() throws {
    let free = served(by: idle)
    let isSuspectRunning = seenWorkers.contains { $0.runsSuspect }
    for request in seen {
      let index = request.index
      guard let database = requests[index].database else { continue }
      switch request.place {
      case .inTurn(let isShort), .urgent(let isShort):
        guard free.contains(database), isShort || mayRunLong(before: []) else { continue }
        if request.isHeld || request.isSuspect && isSuspectRunning { continue }
        throw Violation("\(index) waits although a worker could run it")
      case .unresolved:
        let isServed = seenWorkers.contains {
          (try? Self.connection($0.peer)).map { workers[$0].serves.contains(database) } ?? false
        }
        try require(!isServed, "\(index) is looked for although there is a worker for it")
      case .parked, .running, .streaming: break
      }
    }
  }

  /// What these workers have.
  func served(by connections: some Sequence<Int>) -> DatabaseSet {
    connections.reduce(into: DatabaseSet.empty) { $0.formUnion(workers[$1].serves) }
  }

  /// Whether one more statement that may be long could be run before these were.
  func mayRunLong(before runs: ArraySlice<Run>) -> Bool {
    guard configuration.reservedWorkers > 0 else { return true }
    let long = seenWorkers.count { worker in
      worker.runsLong && !runs.contains { Self.peer($0.connection) == worker.peer }
    }
    return long < max(1, seenWorkers.count - configuration.reservedWorkers)
  }
}
