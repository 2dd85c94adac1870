package import Wire

extension Broker {
  /// A worker has said that it is ready, and what it has to answer.
  /// - Parameter databases: its list, if the report has one.
  package mutating func receive(
    _ report: WorkerReport, databases: [ServedDatabase]?,
    results: [(result: AttemptResult, body: Body)], from peer: PeerID, now: Instant
  ) {
    // Answers first: they count also when they come from a worker that has died meanwhile, as long
    // as the attempt is the current one.
    var lostDatabase: [UInt64] = []
    for (result, body) in results where isCurrent(result.attempt) {
      if case .failure(let failure) = result.outcome, failure.code == .noSuchDatabase,
        databases != nil
      {
        lostDatabase.append(result.attempt.job)
      } else {
        finish(
          result.attempt.job, result.outcome, .rendered(body), worker: report.member,
          runMicroseconds: result.runMicroseconds)
      }
    }
    if register(report, peer, now) {
      if let databases { update(peer, databases) }
      for number in lostDatabase { requeue(number) }
      welcome(peer, isStopping: report.isStopping)
    } else {
      for number in lostDatabase { requeue(number) }
    }
    settle(now)
  }

  /// A message for a worker could not be delivered: its connection is gone.
  package mutating func unreachable(_ peer: PeerID, now: Instant) {
    lose(peer, why: "unreachable", counted: false)
    settle(now)
  }

  /// A worker has said what no worker says. It waits for a reply, and what it had is not answered.
  package mutating func misunderstood(_ peer: PeerID, why: String, now: Instant) {
    effects.append(.tell(peer, .bye))
    lose(peer, why: why, counted: true)
    settle(now)
  }

  private func isCurrent(_ attempt: Attempt) -> Bool {
    requests[attempt.job].map { $0.tries == attempt.number } ?? false
  }

  /// Knows the connection as that of this worker; false when the worker is dead or outdated.
  private mutating func register(_ report: WorkerReport, _ peer: PeerID, _ now: Instant) -> Bool {
    if let worker = workers[peer], worker.member == report.member { return !isDead(worker) }
    let member = report.member
    if let other = connections[member.name], let known = workers[other] {
      guard member.generation >= known.member.generation else {
        effects.append(.tell(peer, .bye))
        return false
      }
      // The same incarnation has made a new socket, or its successor comes before the news of its
      // death.
      lose(
        other, why: "replaced",
        counted: member.generation > known.member.generation && !isStopping(known))
    }
    let worker = WorkerRecord(member: member, supervisor: report.supervisor, pid: report.pid)
    guard !isDead(worker) else {
      effects.append(.tell(peer, .bye))
      return false
    }
    workers[peer] = worker
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
    isDraining && queue.first(where: worker.names.contains) != nil
  }

  /// Has a waiting worker look again which databases it has.
  mutating func rescan(_ peer: PeerID) {
    idle.removeAll { $0 == peer }
    workers[peer]?.state = .rescanning
    workers[peer]?.seenChange = catalogChanges
    effects.append(.tell(peer, .rescan))
  }

  /// A worker is gone. What it held goes back to the front of the queue.
  /// - Parameter counted: whether its death is on the account of the request that it ran.
  mutating func lose(_ peer: PeerID, why: String, counted: Bool) {
    guard let worker = workers[peer] else { return }
    // One that lives after all and waits would wait for ever; so it ends, and is started again.
    if worker.state == .idle { effects.append(.tell(peer, .bye)) }
    forget(peer)
    effects.append(.publish(Line("router.lost").with(worker.member).with("why", why)))
    guard case .running(let number) = worker.state, let request = requests[number],
      case .running(peer) = request.state
    else { return }
    if counted { requests[number]?.deaths += 1 }
    if let deaths = requests[number]?.deaths, deaths >= configuration.tries {
      crash(number, deaths, worker.member)
    } else {
      requeue(number)
    }
  }

  private mutating func crash(_ number: UInt64, _ deaths: Int, _ member: Member) {
    effects.append(
      .publish(
        Line("request.crashed").with("id", requests[number]?.id)
          .with("db", requests[number]?.database).with("deaths", deaths)
          .with("worker", member.name)))
    finish(
      number,
      .failure(Failure(.crashed, "\(deaths) workers died while they ran it")), worker: member)
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
    guard case .running = requests[number]?.state else { return }
    enqueue(number)
  }
}
