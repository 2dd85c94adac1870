package import Wire

/// Which databases there are.
extension Broker {
  /// Whether a worker or a peer has it.
  package func isServed(_ database: String) -> Bool {
    servers[database] != nil || peers.contains { $0.names.contains(database) }
  }

  /// Whether a worker of this broker has it.
  func isServedHere(_ database: String) -> Bool { servers[database] != nil }

  /// Whether somebody had the database, and is to come back.
  func isExpected(_ database: String) -> Bool {
    isExpectedHere(database)
      || !isDraining && peers.contains { $0.expectedNames.contains(database) }
  }

  /// Whether a request that has come far can be run here, or be handed on to somebody by whom it has not
  /// come.
  func isWithinReach(_ request: PendingRequest) -> Bool {
    guard let query = request.query else { return false }
    return isServedHere(query.database) || isExpectedHere(query.database)
      || query.way.count < ClientMessage.maxWay
        && peers.contains { peer in
          peer.names.contains(query.database)
            && peer.capacity.map { !query.way.contains($0.broker) } ?? false
        }
  }

  /// When one worker has found that databases came or went, the others look too.
  mutating func spreadCatalogChanges() {
    for worker in idle where worker.seenChange < catalogChanges { rescan(worker.peer) }
  }

  /// Looks again where requests belong whose database nobody has here any more, nor is expected to
  /// have: nobody here will tell of a change, either.
  mutating func reviewNames() {
    guard hasLostNames else { return }
    hasLostNames = false
    let known = queue.databases.union(parked.databases).union(versions.databases)
    for database in known where !isRunnableHere(database) {
      versions.forget(database)
      for number in parked.numbers(for: database) { moveToQueue(number) }
      let isLost = !isServed(database) && !isExpected(database)
      for number in queue.numbers(for: database)
      where isLost || requests[number]?.hasComeFar ?? false {
        moveToQueue(number)
      }
    }
  }

  /// Whether a worker here has what waits by this name, or had it and is to come back.
  private func isRunnableHere(_ name: String) -> Bool {
    isServedHere(name) || isExpectedHere(name)
  }

  /// Whether a worker or a peer has it, or had it and is to come back.
  package func isRunnable(_ name: String) -> Bool { isServed(name) || isExpected(name) }

  /// Whether some peers have not said yet, since the start, what they are.
  func lacksPeers(_ now: Instant) -> Bool {
    !isDraining && now < settled && peers.contains { $0.capacity == nil }
  }

  /// The requests for lists of what there is, once it is known.
  private func lists(_ now: Instant) -> [UInt64] {
    lacksPeers(now) ? [] : unresolved.numbers(for: "")
  }

  /// Whether all are there that can be expected since the start.
  package func isSettled(_ now: Instant) -> Bool { isDraining || now >= settled }

  /// Answers those that ask for unknown databases, after the workers have looked again.
  mutating func resolve(_ now: Instant) {
    giveStraysBack(now)
    if hasNewNames {
      hasNewNames = false
      for database in unresolved.databases.filter(isServed) {
        for number in unresolved.numbers(for: database) { conclude(number, now) }
      }
    }
    // Workers that come back after a restart of the router may bring a name.
    let isSettled = isSettled(now)
    if round != nil {
      guard !goesOn(now), let ended = round else { return }
      round = nil
      nextRound =
        lostInRound.isEmpty
        ? now.adding(microseconds: now.microseconds(since: ended.begun) * Constants.roundPause)
        : now.adding(milliseconds: Constants.lostRoundMilliseconds)
      for number in isSettled ? unresolved.numbers : lists(now) where number <= ended.last {
        conclude(number, now)
      }
    }
    if unresolved.isEmpty { return }
    if isDraining || (workers.isEmpty || hasLostScouts(now)) && isSettled {
      for number in unresolved.numbers { conclude(number, now) }
    } else if workers.isEmpty || !isSettled && !hasUnasked {
      return
    } else if idle.isEmpty {
      // The list needs no worker; a name waits for the next that is idle.
      for number in lists(now) { conclude(number, now) }
    } else if now >= nextRound {
      hasUnasked = false
      let scout = idle[0].peer
      round = Round(
        scout: scout, idle.dropFirst().map(\.peer), last: nextNumber - 1, begun: now,
        end: now.adding(milliseconds: Constants.rescanMilliseconds))
      rescan(scout)
    }
  }

  /// Whether a name waits for a worker that is idle, to look for it.
  var lacksLookForNames: Bool {
    hasUnasked && idle.isEmpty && round == nil && unresolved.databases.contains { !$0.isEmpty }
  }

  /// Has those look that are still to, once the first one has come back.
  /// - Returns: whether anybody is waited for.
  private mutating func goesOn(_ now: Instant) -> Bool {
    guard var round else { return false }
    defer { self.round = round }
    if round.isScouting && round.asked.isEmpty {
      round.isScouting = false
      round.end = now.adding(milliseconds: Constants.rescanMilliseconds)
    }
    if !round.isScouting {
      round.waiting.removeAll { peer in
        guard let state = workers[peer]?.state else { return true }
        // Another one has found something, so it looks already; or it has to run something before.
        guard state == .idle || state == .rescanning else { return false }
        if state == .idle { rescan(peer) }
        round.asked.insert(peer)
        return true
      }
    }
    if round.asked.isEmpty && round.waiting.isEmpty { return false }
    if now < round.end { return true }
    lostInRound.formUnion(round.asked)
    return false
  }

  /// A worker has looked, or is lost.
  mutating func noteLooked(_ peer: PeerID) {
    looks[peer] = nil
    round?.asked.remove(peer)
    lostInRound.remove(peer)
  }

  /// Whether nobody is to look for names now: some do not come back. Another one is tried after a while, but
  /// none once half of all are lost so.
  private func hasLostScouts(_ now: Instant) -> Bool {
    !lostInRound.isEmpty && (now < nextRound || 2 * lostInRound.count >= workers.count)
  }

  /// Whoever has handed a request over knows who else has its database.
  private mutating func giveStraysBack(_ now: Instant) {
    for number in strays {
      guard let request = requests[number], case .unresolved = request.state else { continue }
      let why = "no worker has a database '\(request.database ?? "")' any more"
      finish(number, .failure(Failure(.noSuchDatabase, why)), now: now)
    }
    strays = []
  }

  /// Ends what an unresolved request waits for.
  private mutating func conclude(_ number: UInt64, _ now: Instant) {
    guard let request = requests[number] else { return }
    switch request.message {
    case .show where request.waitingName == Self.names:
      finish(number, .rows(0), now: now)
    case .show(let show):
      let rows = rows(of: show, now)
      finish(number, .rows(rows.count), rows.rendered(), now: now)
    case .query where isRunnable(request.waitingName): moveToQueue(number)
    case .query where isDraining:
      finish(number, .failure(Self.draining), now: now)
    case .query(let query):
      var why = "no worker has a database '\(query.database)'"
      for peer in peers where peer.capacity == nil { why += "; peer \(peer.endpoint) is not there" }
      finish(number, .failure(Failure(.noSuchDatabase, why)), now: now)
    case .cancel, .credit, .next, .peer: break
    }
  }
}
