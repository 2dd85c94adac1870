package import Wire

extension Broker {
  /// A worker has said that it is ready, and what it has to answer.
  /// - Parameters:
  ///   - databases: its list, if the report has one.
  ///   - versions: what it found when it was told to look.
  package mutating func receive(
    _ report: WorkerReport, databases: [ServedDatabase]?,
    results: [(result: AttemptResult, body: Body)], versions: [VersionReport] = [],
    from peer: PeerID, now: Instant
  ) {
    // Answers first: they count also when they come from a worker that has died meanwhile, as long
    // as the attempt is the current one.
    var lostDatabase: [UInt64] = []
    for (result, body) in results {
      survive(result, peer)
      guard isCurrent(result.attempt) else { continue }
      if case .failure(let failure) = result.outcome, failure.code == .noSuchDatabase,
        databases != nil
      {
        lostDatabase.append(result.attempt.job)
      } else {
        take(result, body, from: report.member, now)
      }
    }
    if register(report, peer, now) {
      if let databases { update(peer, databases) }
      for version in versions { learn(version, from: peer, now) }
      for number in lostDatabase { requeue(number) }
      welcome(peer, isStopping: report.isStopping)
    } else {
      for number in lostDatabase { requeue(number) }
    }
    settle(now)
  }

  /// A message for a worker could not be delivered: its connection is gone.
  package mutating func unreachable(_ peer: PeerID, now: Instant) {
    lose(peer, why: "unreachable", .uncounted, now)
    settle(now)
  }

  /// A worker's connection is gone, and so is the worker: no live one closes it. Its supervisor says
  /// so as well, but later, as the kernel takes apart all that a process had before it tells.
  package mutating func disconnected(worker peer: PeerID, now: Instant) {
    guard let worker = workers[peer] else { return }
    let loss: Loss = isStopping(worker) ? .uncounted : isOverdue(worker, now) ? .overdue : .died
    lose(peer, why: "its connection was closed", loss, now)
    settle(now)
  }

  /// Whether the time of what a worker runs is over.
  private func isOverdue(_ worker: WorkerRecord, _ now: Instant) -> Bool {
    guard case .running(let attempt) = worker.state, let request = requests[attempt.job] else {
      return false
    }
    return now >= request.deadline
  }

  /// A worker has said what no worker says. It waits for a reply, and what it had is not answered.
  package mutating func misunderstood(_ peer: PeerID, why: String, now: Instant) {
    effects.append(.tell(peer, .bye))
    lose(peer, why: why, .died, now)
    settle(now)
  }

  /// A worker has answered, and so has lived through what it ran.
  private mutating func survive(_ result: AttemptResult, _ peer: PeerID) {
    var account: Quarantine.Account?
    if let worker = workers[peer], worker.state == .running(result.attempt), let run = worker.run {
      workers[peer]?.served += 1
      history.note(run.statement, microseconds: result.runMicroseconds)
      account = run.abandoned
    }
    if let request = requests[result.attempt.job], request.deaths > 0 {
      casualties.survived(request.connection)
    }
    guard !quarantine.isEmpty else { return }
    if isCurrent(result.attempt) {
      account = requests[result.attempt.job].flatMap { self.account(of: $0) }
    }
    if let account { quarantine.survived(account) }
  }

  /// Passes on the answer to the current attempt.
  private mutating func take(
    _ result: AttemptResult, _ body: Body, from member: Member, _ now: Instant
  ) {
    let number = result.attempt.job
    if let request = requests[number], let query = request.query {
      if let version = result.version, let begun = request.begun {
        learn(version, of: query.database, begun: begun, now)
      }
      if result.outcome == .unchanged && query.waitsForChange && !isDraining {
        return park(number, query, now)
      }
    }
    finish(number, result.outcome, .rendered(body), from: (member, result), now: now)
  }

  /// Knows the connection as that of this worker; false when the worker is dead or outdated, or the
  /// connection another one's.
  private mutating func register(_ report: WorkerReport, _ peer: PeerID, _ now: Instant) -> Bool {
    let member = report.member
    if let worker = workers[peer] {
      if worker.member == member { return !isDead(worker) }
      // To one that waits, its loss is told.
      if worker.state != .idle { effects.append(.tell(peer, .bye)) }
      lose(peer, why: "its connection said that it is \(member)", .died, now)
      return false
    }
    guard report.hasDatabases else {
      // It was given up and lives after all. What it has it told once, and will not tell again.
      effects.append(.tell(peer, .bye))
      return false
    }
    if let other = connections[member.name], let known = workers[other] {
      guard member.generation >= known.member.generation else {
        effects.append(.tell(peer, .bye))
        return false
      }
      // The same incarnation has made a new socket, or its successor comes before the news of its
      // death.
      lose(
        other, why: "replaced",
        member.generation > known.member.generation && !isStopping(known) ? .died : .uncounted,
        now)
    }
    let worker = WorkerRecord(member: member, supervisor: report.supervisor, pid: report.pid)
    guard !isDead(worker) else {
      effects.append(.tell(peer, .bye))
      return false
    }
    workers[peer] = worker
    casualties.returned(member.name)
    workers[peer]?.seenChange = catalogChanges
    connections[member.name] = peer
    effects.append(.publish(Line("router.joined").with(member).with("pid", report.pid)))
    return true
  }

  private mutating func update(_ peer: PeerID, _ databases: [ServedDatabase]) {
    guard let worker = workers[peer] else { return }
    let names = Set(databases.map(\.name))
    for name in worker.names.subtracting(names) { decrementServers(of: name) }
    for name in names.subtracting(worker.names) { incrementServers(of: name) }
    workers[peer]?.databases = Set(databases)
    workers[peer]?.names = names
    hasLostNames = true
    databaseList = nil
    if let supervisor = worker.supervisor {
      supervisors[supervisor]?.slots[worker.member.name]?.names = names
    }
    // A newcomer's list is no change: the others have looked as recently as they were asked to.
    if worker.databases != nil && worker.names != names {
      catalogChanges += 1
      workers[peer]?.seenChange = catalogChanges
    }
  }

  private mutating func incrementServers(of name: String) {
    servers[name, default: 0] += 1
    if servers[name] == 1 { hasNewNames = true }
  }

  private mutating func decrementServers(of name: String) {
    guard let count = servers[name] else { return }
    servers[name] = count > 1 ? count - 1 : nil
    if count == 1 { hasLostNames = true }
  }

  /// A worker waits for a reply.
  private mutating func welcome(_ peer: PeerID, isStopping: Bool) {
    guard let worker = workers[peer] else { return }
    round?.pending.remove(peer)
    if isStopping || self.isStopping(worker), !isNeeded(worker) {
      effects.append(.tell(peer, .bye))
      forget(peer)
    } else if worker.seenChange < catalogChanges {
      rescan(peer)
    } else if worker.state != .idle {
      workers[peer]?.state = .idle
      idle.append(peer)
    }
  }

  /// Whether a worker that is to end is still to help a router that is to end with what waits.
  private func isNeeded(_ worker: WorkerRecord) -> Bool {
    isDraining && queue.contains { worker.names.contains($0.database) }
  }

  /// Has a waiting worker look again which databases it has.
  mutating func rescan(_ peer: PeerID) {
    idle.removeAll { $0 == peer }
    workers[peer]?.state = .rescanning
    workers[peer]?.seenChange = catalogChanges
    effects.append(.tell(peer, .rescan))
  }

  /// What the loss of a worker means for the request that it ran.
  enum Loss {
    /// The worker died of it, for all that is known.
    case died
    /// The worker ended itself, because it could not stop what it ran.
    case overdue
    /// It is no fault of the request.
    case uncounted
  }

  /// A worker is gone. What it held goes back to the front of the queue.
  mutating func lose(_ peer: PeerID, why: String, _ loss: Loss, _ now: Instant) {
    guard let worker = workers[peer] else { return }
    // One that lives after all and waits would wait for ever; so it ends, and is started again.
    if worker.state == .idle { effects.append(.tell(peer, .bye)) }
    forget(peer)
    if case .checking(let database) = worker.state { versions.failed(database, now: now) }
    effects.append(.publish(Line("router.lost").with(worker.member).with("why", why)))
    guard case .running(let attempt) = worker.state, let run = worker.run else { return }
    if loss != .uncounted {
      statistics.noteDeath(now)
      casualties.died(worker.member.name, of: run.connection, now: now)
      history.note(run.statement, microseconds: now.microseconds(since: run.begun))
    }
    guard var request = requests[attempt.job], request.worker == peer else {
      if let account = run.abandoned, loss != .uncounted { charge(account, now) }
      return
    }
    if loss != .uncounted, let account = account(of: request) {
      request.deaths += 1
      request.isSuspect = true
      requests[attempt.job] = request
      charge(account, now)
    }
    if loss == .overdue {
      effects.append(
        .publish(
          Line("request.overdue").with("id", request.id).with("db", request.database)
            .with("worker", worker.member.name).with("sql", request.payload.excerpt)))
      let why = "its worker could not stop it at its deadline, and ended"
      finish(attempt.job, .failure(Failure(.deadline, why)), now: now)
    } else if request.deaths >= configuration.tries {
      crash(attempt.job, request, worker.member, now)
    } else {
      requeue(attempt.job)
    }
  }

  private mutating func crash(
    _ number: UInt64, _ request: PendingRequest<Request>, _ member: Member, _ now: Instant
  ) {
    effects.append(
      .publish(
        Line("request.crashed").with("id", request.id).with("db", request.database)
          .with("deaths", request.deaths).with("worker", member.name)
          .with("sql", request.payload.excerpt)))
    let why = "\(request.deaths) workers died while they ran it"
    finish(number, .failure(Failure(.crashed, why)), now: now)
  }

  /// A worker is no longer there, or no longer wanted.
  mutating func forget(_ peer: PeerID) {
    guard let worker = workers.removeValue(forKey: peer) else { return }
    for name in worker.names { decrementServers(of: name) }
    databaseList = nil
    idle.removeAll { $0 == peer }
    round?.pending.remove(peer)
    if connections[worker.member.name] == peer { connections[worker.member.name] = nil }
  }

  private mutating func requeue(_ number: UInt64) {
    guard requests[number]?.worker != nil else { return }
    requests[number]?.isReturned = true
    enqueue(number)
  }
}
