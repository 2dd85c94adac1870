import Wire

/// Results that come in chunks.
extension Ledger {
  // From the design.
  private static var mostCredit: Int { 16 }

  // MARK: What the router is told, in the moment before

  /// A worker has sent a chunk, and waits.
  mutating func willHear(_ connection: Int, _ more: More) throws {
    try requireSilence(of: connection)
    for (result, body) in more.results {
      // Its list comes later.
      take(result, body, hasList: true, from: connection)
    }
    asking.append(connection)
    guard workers[connection].isKnown,
      let place = workers[connection].held.firstIndex(where: { $0.attempt == more.report.attempt })
    else { return }
    // What it was given besides, it has not begun.
    let one = workers[connection].held.remove(at: place)
    giveBack(workers[connection].held, connection)
    workers[connection].held = [one]
  }

  /// Who waits for a reply says nothing.
  func requireSilence(of connection: Int) throws {
    try require(
      !idle.contains(connection) && !asking.contains(connection),
      "\(connection) speaks out of turn")
  }

  /// A client wants more of a result. Returns whether that is in flight.
  @discardableResult
  func willGrant(_ chunks: Int, _ envelope: Int, _ id: String) -> Bool {
    guard let index = inFlight[Key(envelope: envelope, id: id)],
      let credit = requests[index].credit
    else { return false }
    requests[index].credit = min(credit + chunks, Self.mostCredit)
    return true
  }

  /// A chunk had no room. Returns whether its result is in flight.
  func willDrop(_ index: Int) -> Bool {
    guard requests[index].status == .open else {
      // Its end, an error, is behind it already, and counts it.
      requests[index].hasLostChunk = true
      return false
    }
    requests[index].chunks -= 1
    return true
  }

  // MARK: What the router does

  /// A chunk goes to a client.
  mutating func take(_ line: Line, _ chunk: Body, for index: Int, now: Instant) throws {
    let request = requests[index]
    let rendered = Rendered.of(chunk)
    try require(request.status == .open, "\(index) gets a chunk, and is \(request.status)")
    try require(line["id"] == request.message.id, "a chunk goes to nobody")
    try require(request.credit ?? 0 > 0, "\(index) gets a chunk that it has not asked for")
    request.chunks += 1
    request.credit = (request.credit ?? 0) - 1
    try require(
      line["chunk"] == String(request.chunks) && rendered.request == index
        && rendered.attempt.number == request.attempts && rendered.chunk == request.chunks,
      "\(index) gets chunk \(rendered.chunk) of \(rendered.request) for \(request.chunks)")
    guard let holder = request.holder, asking.contains(holder) else {
      throw Violation("\(index) gets a chunk that nobody has sent")
    }
    if request.credit == 0 { workers[holder].stalledSince = now }
    sum(index)
  }

  /// A worker is told whether to go on.
  mutating func takeWord(_ word: WorkerCommand, to connection: Int, now: Instant) throws {
    guard let place = asking.firstIndex(of: connection) else {
      throw Violation("\(connection) is told to \(word), and has not asked")
    }
    asking.remove(at: place)
    if let since = workers[connection].stalledSince {
      workers[connection].stalledSince = nil
      let begun = workers[connection].held[0].begun
      workers[connection].held[0].begun = begun.adding(
        microseconds: now.microseconds(since: since))
    }
    guard case .go = word else {
      workers[connection].isStopped = true
      return stopped.append(connection)
    }
    let held = workers[connection].held.first { isHeld($0, by: connection) }
    try require(
      held.map { requests[$0.request].credit ?? 0 > 0 } ?? false,
      "\(connection) is to go on, and nobody has asked for more")
  }

  /// A result is broken off when its worker is gone, or when its reader has kept it for too long.
  /// Whoever asks for more of what there is not is told so, too.
  func checkAborted(_ index: Int, _ cause: Cause, now: Instant) throws {
    let request = requests[index]
    if case .next = request.message { return coverage.note(.nothing) }
    if cause == .unread { return coverage.note(.readerIsFull) }
    try require(request.chunks > 0, "\(index) is broken off before it was begun")
    guard let holder = request.holder else { return coverage.note(.workerIsLost) }
    // It has been told to stop just before.
    guard cause == .settle, let since = stalledBefore[holder] else {
      throw Violation("\(index) is broken off, and goes on")
    }
    let reason = reason(toFree: holder, before)
    coverage.note(reason)
    let end = since.adding(milliseconds: Self.patience(reason))
    try require(now >= end, "\(index) is broken off before its reader has had its time")
  }

  /// How long a reader may take until its worker is freed for this reason, in milliseconds.
  private static func patience(_ reason: Breach) -> Int {
    switch reason {
    case .readerIsIdle: 60_000
    case .workerIsWanted: 1000
    case .workerIsLast: 100
    case .workerIsLost, .readerIsFull, .nothing: 0
    }
  }

  /// Why a worker that waits for its reader would be freed.
  private func reason(
    toFree connection: Int, _ all: (stalled: [Int], count: Int)
  ) -> Breach {
    let reader = workers[connection].held.first.map { requests[$0.request].connection }
    let waiting = seen.count { request in
      let entry = requests[request.index]
      // What the reader has sent behind it waits for the same reader.
      guard entry.connection != reader else { return false }
      return switch request.place {
      case .inTurn, .urgent:
        entry.database.map(workers[connection].serves.contains) ?? false
      case .unresolved, .parked, .running, .streaming: false
      }
    }
    // One worker can look for all of them.
    let isLookAwaited = seen.contains { request in
      let entry = requests[request.index]
      guard entry.connection != reader, let database = entry.database else { return false }
      return switch request.place {
      case .unresolved: missingLooks.forNames
      case .parked:
        missingLooks.atVersions.contains(Database.names[database])
          && workers[connection].serves.contains(database)
      case .inTurn, .urgent, .running, .streaming: false
      }
    }
    // Others that have been told to stop come for as many.
    let coming = workers.indices.count { other in
      let worker = workers[other]
      return other != connection && worker.isStopped && worker.isKnown
        && worker.serves.intersection(workers[connection].serves) != .empty
    }
    guard waiting + (isLookAwaited ? 1 : 0) > coming else { return .readerIsIdle }
    let isLast = all.stalled.count == all.count && all.stalled.first == connection
    return isLast ? .workerIsLast : .workerIsWanted
  }

  // MARK: What must hold then

  /// The workers that wait for readers, in the order in which they began to.
  var stalled: [Int] { asking.filter { workers[$0].stalledSince != nil } }

  func isStalled(_ request: Request) -> Bool {
    request.holder.map { workers[$0].stalledSince != nil } ?? false
  }

  /// Who asks has its word, unless it waits for a reader; who is told to stop runs what nobody wants.
  func checkStreams(_ broker: borrowing Broker) throws {
    for connection in asking {
      let held = workers[connection].held.first { isHeld($0, by: connection) }
      try require(
        held.map { requests[$0.request].credit == 0 } ?? false,
        "\(connection) waits for a word, and gets none")
    }
    for connection in stopped {
      try require(
        !workers[connection].held.contains { isHeld($0, by: connection) },
        "\(connection) is stopped, and somebody waits")
    }
    let listed = broker.stalledWorkers
    try require(
      listed.count == asking.count && zip(listed, asking).allSatisfy { $0 == Self.peer($1) },
      "these wait for readers: \(asking)")
  }

  /// No reader has had more than its time.
  func checkCuts(now: Instant) throws {
    guard let due = nextCut else { return }
    try require(now < due, "a reader keeps its worker too long")
  }

  /// When the first worker that waits for a reader is to be freed, if nothing else happens.
  var nextCut: Instant? {
    let all = (stalled: stalled, count: known.count)
    return all.stalled.compactMap { connection in
      let patience = Self.patience(reason(toFree: connection, all))
      return workers[connection].stalledSince?.adding(milliseconds: patience)
    }.min()
  }
}
