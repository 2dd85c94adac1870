internal import Wire

/// Which databases there are.
extension Broker {
  /// Whether a worker or a peer has it.
  func isServed(_ database: String) -> Bool {
    servers[database] != nil || peers.contains { $0.names.contains(database) }
  }

  /// Whether a worker of this broker has it.
  func isServedHere(_ database: String) -> Bool { servers[database] != nil }

  /// When one worker has found that databases came or went, the others look too.
  mutating func spreadCatalogChanges() {
    for peer in idle where workers[peer].map({ $0.seenChange < catalogChanges }) ?? false {
      rescan(peer)
    }
  }

  /// Moves requests whose database nobody has any more, nor is expected to have, to the unresolved.
  mutating func reviewNames() {
    guard hasLostNames else { return }
    hasLostNames = false
    reviewReach()
    let known = queue.databases.union(parked.databases).union(versions.databases)
    for database in known where !isRunnable(database) {
      versions.forget(database)
      for number in queue.numbers(for: database) + parked.numbers(for: database) {
        moveToQueue(number)
      }
    }
  }

  /// Whether a worker has what waits by this name, or had it and is to come back.
  private func isRunnable(_ name: String) -> Bool {
    name == Self.sets ? takesSets : isServed(name) || isExpected(name)
  }

  /// Answers those that ask for unknown databases, after the workers have looked again.
  mutating func resolve(_ now: Instant) {
    if hasNewNames {
      hasNewNames = false
      for database in unresolved.databases.filter(isServed) {
        for number in unresolved.numbers(for: database) { conclude(number, now) }
      }
    }
    // Workers that come back after a restart of the router may bring a name.
    let isSettled = isDraining || now >= settled
    hasSettled = isSettled
    if takesSets {
      for number in unresolved.numbers(for: Self.sets) { conclude(number, now) }
    }
    if let (pending, last, begun, end) = round {
      guard pending.isEmpty || now >= end else { return }
      round = nil
      nextRound = now.adding(
        microseconds: now.microseconds(since: begun) * Constants.roundPause)
      for number in isSettled ? unresolved.numbers : unresolved.numbers(for: "")
      where number <= last {
        conclude(number, now)
      }
    }
    if unresolved.isEmpty { return }
    if isDraining || workers.isEmpty && isSettled {
      for number in unresolved.numbers { conclude(number, now) }
    } else if workers.isEmpty || !isSettled && !hasUnasked {
      return
    } else if idle.isEmpty {
      // The list needs no worker; a name waits for the next that is idle.
      for number in unresolved.numbers(for: "") { conclude(number, now) }
    } else if now >= nextRound {
      hasUnasked = false
      round = (
        Set(idle), nextNumber - 1, now, now.adding(milliseconds: Constants.rescanMilliseconds)
      )
      for peer in idle { rescan(peer) }
    }
  }

  /// Ends what an unresolved request waits for.
  private mutating func conclude(_ number: UInt64, _ now: Instant) {
    guard let request = requests[number] else { return }
    switch request.message {
    case .show(let show):
      let rows = rows(of: show, now)
      finish(number, .rows(rows.count), rows.rendered(), now: now)
    case .query where isRunnable(request.waitingName): moveToQueue(number)
    case .query where isDraining:
      finish(number, .failure(Self.draining), now: now)
    case .query(let query):
      let why =
        request.isSet ? "no worker has a database" : "no worker has a database '\(query.database)'"
      finish(number, .failure(Failure(.noSuchDatabase, why)), now: now)
    case .cancel, .credit, .next, .peer, .withdraw: break
    }
  }
}
