internal import Wire

extension Broker {
  func isServed(_ database: String) -> Bool { servers[database] != nil }

  /// Brings everything that has been learned to its end: resolves names, hands out requests.
  mutating func settle(_ now: Instant) {
    spreadCatalogChanges()
    reviewNames()
    resolve(now)
    checkVersions(now)
    dispatch(now)
  }

  /// When one worker has found that databases came or went, the others look too.
  private mutating func spreadCatalogChanges() {
    for peer in idle where workers[peer].map({ $0.seenChange < catalogChanges }) ?? false {
      rescan(peer)
    }
  }

  /// Moves requests whose database nobody has any more, nor is expected to have, to the unresolved.
  private mutating func reviewNames() {
    guard hasLostNames else { return }
    hasLostNames = false
    let known = queue.databases.union(parked.databases).union(versions.databases)
    for database in known where !isServed(database) && !isExpected(database) {
      versions.forget(database)
      for number in queue.numbers(for: database) + parked.numbers(for: database) {
        moveToQueue(number)
      }
    }
  }

  /// Takes a request out of where it waits and puts it where it belongs now.
  mutating func moveToQueue(_ number: UInt64) {
    guard let request = requests[number] else { return }
    dequeue(number, request)
    enqueue(number)
  }

  /// Hands out what waits to the workers that wait.
  private mutating func dispatch(_ now: Instant) {
    while !idle.isEmpty && queue.count > 0 {
      guard let number = nextRequest(), let request = requests[number],
        let worker = request.database.flatMap(idleWorker(for:))
      else { return }
      if request.deadline <= now {
        // It ran out while it waited, and the time for `tick` has not come.
        finish(number, .failure(Failure(.deadline, Self.overdue(request))), now: now)
      } else if let refusal = quarantineRefusal(of: request, now) {
        // It was not known yet when this one came.
        finish(number, .failure(refusal), now: now)
      } else if !request.isSuspect && isSuspect(request) {
        dequeue(number, request)
        requests[number]?.isSuspect = true
        enqueue(number)
      } else {
        run(number, on: idle.remove(at: worker), now)
      }
    }
  }

  /// The request whose turn it is among those that can be run now.
  private mutating func nextRequest() -> UInt64? {
    let mayRunLong = mayRunLong
    let present = workers.count
    let isHeld =
      casualties.areTooMany(besides: present)
      || workers.values.contains { $0.run?.isSuspect ?? false }
    // Taken out for as long as it asks about all the rest.
    var queue = RequestQueue()
    swap(&queue, &self.queue)
    defer { swap(&queue, &self.queue) }
    return queue.next { lane in
      (lane.isShort || mayRunLong) && idleWorker(for: lane.database) != nil
    } unless: { number in
      guard let request = requests[number], request.isSuspect else { return false }
      return isHeld || casualties.hold(request.connection, besides: present)
    } exceptOf: { connection in
      casualties.hold(connection, besides: present)
    }
  }

  /// Where in `idle` the least recently used worker stands that has the database.
  func idleWorker(for database: String) -> Int? {
    idle.firstIndex { workers[$0]?.names.contains(database) ?? false }
  }

  /// Whether a worker can be spared for a statement that may take long.
  private var mayRunLong: Bool {
    guard configuration.reservedWorkers > 0 else { return true }
    let busy = workers.values.count { $0.run?.isLong ?? false }
    return busy < max(1, workers.count - configuration.reservedWorkers)
  }

  private mutating func run(_ number: UInt64, on peer: PeerID, _ now: Instant) {
    guard var request = requests[number], let query = request.query,
      let statement = request.statement
    else { return }
    dequeue(number, request)
    request.tries += 1
    request.state = .running(peer)
    request.begun = now
    requests[number] = request
    let attempt = Attempt(job: number, number: request.tries)
    workers[peer]?.state = .running(attempt)
    workers[peer]?.run = WorkerRecord.Run(
      connection: request.connection, statement: statement, isLong: !history.isShort(statement),
      isSuspect: request.isSuspect,
      begun: now)
    let job = Job(
      attempt: attempt, database: query.database,
      format: query.format, deadlineMilliseconds: request.deadline.millisecondsUp(since: now),
      ifVersion: query.ifVersion)
    effects.append(.run(peer, job, request.payload))
    if request.isReturned, let member = workers[peer]?.member {
      effects.append(
        .publish(
          Line("request.retried").with("id", query.id).with("db", query.database)
            .with("tries", request.tries).with("worker", member.name)))
    }
  }

  /// Answers those that ask for unknown databases, after the workers have looked again.
  private mutating func resolve(_ now: Instant) {
    if hasNewNames {
      hasNewNames = false
      for database in unresolved.databases.filter(isServed) {
        for number in unresolved.numbers(for: database) { conclude(number, now) }
      }
    }
    // Workers that come back after a restart of the router may bring a name.
    let isSettled = isDraining || now >= settled
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
    case .query(let query) where isServed(query.database) || isExpected(query.database):
      moveToQueue(number)
    case .query where isDraining:
      finish(number, .failure(Self.draining), now: now)
    case .query(let query):
      let why = "no worker has a database '\(query.database)'"
      finish(number, .failure(Failure(.noSuchDatabase, why)), now: now)
    case .cancel: break
    }
  }
}
