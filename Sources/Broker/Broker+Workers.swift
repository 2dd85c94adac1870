internal import DequeModule
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
    let worker = workers[peer]
    if let worker, !worker.runs.isEmpty,
      !results.contains(where: { worker.index(of: $0.result.attempt) != nil })
    {
      return misunderstood(peer, why: "READY without an answer to what it runs", now: now)
    }
    // Answers first: they count also when they come from a worker that has died meanwhile, as long
    // as the attempt is the current one.
    var lostDatabase: [UInt64] = []
    for (result, body) in results {
      guard let request = survive(result, worker) else { continue }
      if case .failure(let failure) = result.outcome, failure.code == .noSuchDatabase,
        databases != nil
      {
        lostDatabase.append(result.attempt.job)
      } else {
        take(result, body, of: request, from: report.member, now)
      }
    }
    if let known = registered(report, peer, now) {
      if let databases { update(peer, databases) }
      for version in versions { learn(version, from: peer, now) }
      for number in lostDatabase { requeue(number, now) }
      welcome(known, isStopping: report.isStopping)
    } else {
      for number in lostDatabase { requeue(number, now) }
    }
  }

  /// One of the requests that a worker has takes long: the others must not wait for it.
  package mutating func receive(_ note: OverrunNote, now: Instant) {
    guard let peer = connections[note.member.name], let worker = workers[peer],
      worker.member == note.member, let index = worker.index(of: note.attempt)
    else { return }
    let run = worker.runs[index]
    run.statement.note(microseconds: now.microseconds(since: run.begun))
    isolate(index, on: peer)
    guard run.isSeries, let series = heldRequest(run, by: peer) else { return }
    // It cannot be broken off, and nobody can tell which of them it is.
    let why = Outcome.failure(Failure(.cancelled, "one of a series takes long"))
    abandon(peer, run.attempt.job, series, why, now)
    split(run.attempt.job, isBegun: false)
  }

  /// Gives back all that a worker was given but one, which it runs.
  mutating func isolate(_ index: Int, on peer: PeerID) {
    guard let worker = workers[peer] else { return }
    let run = worker.runs.remove(at: index)
    giveBack(worker)
    worker.runs = [run]
  }

  /// What a worker was given, and has neither answered nor begun, goes back to the queue.
  private mutating func giveBack(_ worker: WorkerRecord) {
    guard !worker.runs.isEmpty else { return }
    for run in worker.runs {
      guard let request = heldRequest(run, by: worker.peer) else { continue }
      request.givenBack += 1
      enqueue(run.attempt.job, request)
    }
    worker.runs.removeAll(keepingCapacity: true)
  }

  /// A worker has answered, and so has lived through what it ran. Returns the request if this is the
  /// answer that it waits for.
  mutating func survive(_ result: AttemptResult, _ worker: WorkerRecord?) -> PendingRequest? {
    var account: Quarantine.Account?
    if let worker, let index = worker.index(of: result.attempt) {
      let run = index == 0 ? worker.runs.removeFirst() : worker.runs.remove(at: index)
      // What it has answered of a series; of one that it could not begin, it has tried the first.
      let count = run.isSeries ? max(1, min(result.each ?? 1, ClientMessage.maxEach)) : 1
      worker.served += count
      run.statement.note(microseconds: result.runMicroseconds / Int64(count))
      account = run.abandoned
    }
    guard let request = requests[result.attempt.job] else {
      if let account { quarantine.survived(account) }
      return nil
    }
    if request.deaths > 0 { casualties.survived(request.connection) }
    let isCurrent = request.attempts == result.attempt.number
    if !quarantine.isEmpty {
      if isCurrent { account = self.account(of: request) }
      if let account { quarantine.survived(account) }
    }
    return isCurrent ? request : nil
  }

  /// Passes on the answer to the current attempt.
  mutating func take(
    _ result: AttemptResult, _ body: Body, of request: PendingRequest, from member: Member,
    _ now: Instant
  ) {
    let number = result.attempt.job
    // It was given back, and had been begun after all.
    if request.worker == nil && !request.isReturned { request.givenBack -= 1 }
    if let database = request.database, let version = result.version, let begun = request.begun {
      learn(version, of: database, begun: begun, now)
    }
    if request.waitsForChange, result.outcome == .unchanged, !isDraining, let query = request.query
    {
      return park(number, query, now)
    }
    if let each = request.each, !isWhole(result, each) {
      return takePart(result, body, of: request, from: member, now)
    }
    finish(number, result.outcome, .rendered(body), from: (member, result), now: now)
  }

  /// Knows the connection as that of this worker; nil when the worker is dead or outdated, or the
  /// connection another one's.
  private mutating func registered(
    _ report: WorkerReport, _ peer: PeerID, _ now: Instant
  ) -> WorkerRecord? {
    let member = report.member
    if let worker = workers[peer] {
      if worker.member == member { return isDead(worker) ? nil : worker }
      // To one that waits, its loss is told.
      if worker.state != .idle { effects.append(.tell(peer, .bye)) }
      lose(peer, why: "its connection said that it is \(member)", .died, now)
      return nil
    }
    guard report.hasDatabases else {
      // It was given up and lives after all. What it has it told once, and will not tell again.
      effects.append(.tell(peer, .bye))
      return nil
    }
    if let other = connections[member.name], let known = workers[other] {
      guard member.generation >= known.member.generation else {
        effects.append(.tell(peer, .bye))
        return nil
      }
      // The same incarnation has made a new socket, or its successor comes before the news of its
      // death.
      lose(
        other, why: "replaced",
        member.generation > known.member.generation
          ? cause(ofDeath: known, other, now) : .uncounted,
        now)
    }
    let worker = WorkerRecord(report, on: peer)
    guard !isDead(worker) else {
      effects.append(.tell(peer, .bye))
      return nil
    }
    if report.process != nil { hasThreads = true }
    if let replaced = report.replaced.flatMap({ connections[$0] }), let known = workers[replaced],
      known.process == worker.process
    {
      lose(replaced, why: "written off", cause(ofDeath: known, replaced, now), now)
    }
    workers[peer] = worker
    casualties.returned(worker.process)
    versions.returned(member.name)
    if let replaced = report.replaced { versions.returned(replaced) }
    worker.seenChange = catalogChanges
    connections[member.name] = peer
    noteArrival(now)
    effects.append(.publish(Line("router.joined").with(member).with("pid", report.pid)))
    return worker
  }

  /// Waits for nobody any more at the start once all are there that were expected.
  mutating func noteArrival(_ now: Instant) {
    guard let expected = configuration.expectedWorkers, workers.count >= expected,
      // A peer without workers may be about to have some, and their databases.
      peers.allSatisfy({ $0.capacity?.workers ?? 0 > 0 })
    else { return }
    settled = min(settled, now)
  }

  private mutating func update(_ peer: PeerID, _ databases: [ServedDatabase]) {
    guard let worker = workers[peer] else { return }
    let names = Set(databases.map(\.name))
    // A newcomer's list is no change: the others have looked as recently as they were asked to.
    let isChange = worker.databases != nil && worker.names != names
    for name in worker.names.subtracting(names) { decrementServers(of: name) }
    for name in names.subtracting(worker.names) { incrementServers(of: name) }
    workers[peer]?.databases = Set(databases)
    workers[peer]?.names = names
    hasLostNames = true
    databaseList = nil
    if let supervisor = worker.supervisor {
      supervisors[supervisor]?.slots[worker.process]?.names = names
    }
    if isChange {
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
    latestServed = ""
    servers[name] = count > 1 ? count - 1 : nil
    if count == 1 { hasLostNames = true }
  }

  /// A worker waits for a reply. What it has neither answered nor begun goes back to the queue.
  private mutating func welcome(_ worker: WorkerRecord, isStopping: Bool) {
    giveBack(worker)
    let peer = worker.peer
    noteLooked(peer)
    if isStopping || self.isStopping(worker), !isNeeded(worker) {
      dismiss(worker)
    } else if worker.seenChange < catalogChanges {
      rescan(peer)
    } else if worker.state != .idle {
      worker.state = .idle
      idle.append(worker)
    }
  }

  /// Whether a worker that is to end is still to help a router that is to end with what waits.
  private func isNeeded(_ worker: WorkerRecord) -> Bool {
    isDraining && (openSets > 0 || queue.contains { worker.names.contains($0.database) })
  }

  /// Has a waiting worker look again which databases it has.
  mutating func rescan(_ peer: PeerID) {
    idle.removeAll { $0.peer == peer }
    workers[peer]?.state = .rescanning
    workers[peer]?.seenChange = catalogChanges
    effects.append(.tell(peer, .rescan))
  }

  /// A worker that is to end waits for nothing but that.
  mutating func dismiss(_ worker: WorkerRecord) {
    effects.append(.tell(worker.peer, .bye))
    effects.append(.publish(Line("router.left").with(worker.member)))
    forget(worker.peer)
  }

  /// A worker is no longer there, or no longer wanted.
  mutating func forget(_ peer: PeerID) {
    guard let worker = workers.removeValue(forKey: peer) else { return }
    for name in worker.names { decrementServers(of: name) }
    databaseList = nil
    idle.removeAll { $0.peer == peer }
    stalled.removeAll { $0 == peer }
    noteLooked(peer)
    if connections[worker.member.name] == peer { connections[worker.member.name] = nil }
  }

  /// Puts what a worker had into the queue again; a result that has been begun is broken off.
  mutating func requeue(_ number: UInt64, _ now: Instant) {
    guard let request = requests[number], request.worker != nil else { return }
    guard request.chunks == 0 else {
      let why = "its worker was lost after \(request.chunks) chunks"
      return finish(number, .failure(Failure(.aborted, why)), now: now)
    }
    request.isReturned = true
    enqueue(number, request)
  }
}
