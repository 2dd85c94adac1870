import Wire

/// What may be given to a worker at once, and what becomes of it.
extension Ledger {
  // From the design.
  private static var mostRequests: Int { 64 }
  private static var mostBytes: Int { 256 << 10 }
  private static var mostMicroseconds: Int64 { 1000 }

  /// A worker is told to run requests, one behind the other.
  /// - Parameter runs: these, and what other workers are told to run after them in the same step.
  mutating func take(
    _ orders: [Order], to connection: Int, first runs: ArraySlice<Run>, now: Instant
  ) throws {
    let share = share(runs)
    let batch = orders.map { requests[Sent.of($0.request).request] }
    if batch.count > 1 {
      try require(
        batch.count <= share && hasRoom(batch.dropLast()),
        "\(batch.count) are run at once, and \(share) are the share of one of \(idle.count)")
    }
    for (place, order) in orders.enumerated() {
      let index = Sent.of(order.request).request
      let number = order.job.attempt.job
      let former = numbered.updateValue(index, forKey: number) ?? index
      try require(former == index, "\(index) has the number of \(former)")
      try check(order.job, for: index, to: connection, isAlone: orders.count == 1, now: now)
      try checkTurn(runs.dropFirst(place), isFirst: place == 0)
      if place == 0 { try reply(connection) }
      begin(order.job, for: index, on: connection, now)
    }
    sum(connection)
    if !workers[connection].isKnown {
      workers[connection].isKnown = true
      known.append(connection)
    }
  }

  /// How much of what waits one worker may get.
  private func share(_ runs: ArraySlice<Run>) -> Int {
    let waiting = seen.count {
      guard $0.index != arriving else { return false }
      switch $0.place {
      case .inTurn, .urgent: return true
      case .unresolved, .parked, .running, .streaming: return false
      }
    }
    return idle.isEmpty ? 0 : (waiting + runs.count + answered) / idle.count
  }

  /// Whether a worker that has these may get one more.
  private func hasRoom(_ batch: ArraySlice<Request>) -> Bool {
    batch.count < Self.mostRequests && batch.reduce(0) { $0 + $1.size } < Self.mostBytes
      && batch.reduce(0) { $0 + (history[$1] ?? 0) } < Self.mostMicroseconds
  }

  /// Whether a request may be run together with others.
  func mayShare(_ request: Request) -> Bool {
    !request.isSuspect && !docket.isSuspect(request) && !request.isReturned
      && history.isQuick(request)
  }

  private func check(
    _ job: Job, for index: Int, to connection: Int, isAlone: Bool, now: Instant
  ) throws {
    let request = requests[index]
    try require(request.status == .open, "\(index) is run, and is \(request.status)")
    try require(request.holder == nil, "\(index) is run by two")
    try require(now < request.limit, "\(index) is run after its time")
    try require(job.attempt.number == request.attempts + 1, "\(index) is run as \(job.attempt)")
    try require(!isRefused(index), "\(index) is run in quarantine")
    try require(request.chunks == 0, "\(index) is run again after \(request.chunks) chunks")
    try require(
      (job.chunkBytes != nil) == (request.credit != nil), "\(index) is run in chunks or not")
    let database = request.database ?? Database.unknown
    let first = idle.first { workers[$0].serves.contains(database) }
    let isServed = workers[connection].serves.contains(database)
    let isFirst = workers[connection].held.isEmpty
    try require(
      isFirst ? first == connection : isServed,
      "\(index) is run by \(connection), not \(first ?? -1)")
    try require(
      isSuspect(index) || !request.isSuspect && !docket.isSuspect(request),
      "\(index) runs as if nobody had died of it")
    if isSuspect(index) {
      let other = known.first { workers[$0].held.contains { $0.isSuspect } }
      try require(other == nil, "\(index) runs beside another suspect")
    }
    if isAlone { return }
    try require(mayShare(request), "\(index) is run together with others")
  }

  private mutating func begin(_ job: Job, for index: Int, on connection: Int, _ now: Instant) {
    sum(index)
    requests[index].attempts += 1
    requests[index].tries += 1
    requests[index].isGivenBack = false
    requests[index].holder = connection
    coverage.note(Stage(requests[index].place), Stage.running)
    requests[index].place = .running
    workers[connection].held.append(
      Worker.Held(
        request: index, attempt: job.attempt,
        isSuspect: isSuspect(index), begun: now))
  }

  /// Whether the router takes it for one that may kill its worker.
  func isSuspect(_ index: Int) -> Bool { seat(index)?.isSuspect ?? false }

  func seat(_ index: Int) -> SeenRequest? {
    let seat = requests[index].seat
    return seat < seen.count && seen[seat].index == index ? seen[seat] : nil
  }

  /// Whether somebody waits for this attempt still.
  func isHeld(_ held: Worker.Held, by connection: Int) -> Bool {
    let request = requests[held.request]
    return request.status == .open && request.attempts == held.attempt.number
      && request.holder == connection
  }

  /// Nobody waits any more for what a worker has.
  mutating func abandon(_ index: Int) {
    guard let holder = requests[index].holder else { return }
    for place in workers[holder].held.indices
    where workers[holder].held[place].request == index
      && workers[holder].held[place].attempt.number == requests[index].attempts
    {
      workers[holder].held[place].isAbandoned = true
    }
  }

  /// What a worker has neither answered nor begun is no try, and waits again.
  mutating func giveBack(_ held: [Worker.Held], _ connection: Int) {
    for one in held where isHeld(one, by: connection) {
      requests[one.request].holder = nil
      requests[one.request].tries -= 1
      requests[one.request].isGivenBack = true
    }
  }

  /// A worker is stuck in one of several: what is before and behind it goes to others.
  mutating func willHear(_ note: OverrunNote, now: Instant) {
    guard
      let connection = known.first(where: { workers[$0].member == note.member }),
      let stuck = workers[connection].held.first(where: { $0.attempt == note.attempt })
    else { return }
    history.note(requests[stuck.request], microseconds: now.microseconds(since: stuck.begun))
    giveBack(workers[connection].held.filter { $0.attempt != note.attempt }, connection)
    workers[connection].held = [stuck]
  }
}
