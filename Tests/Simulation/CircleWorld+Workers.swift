import Wire

/// The workers' processes, and what their supervisors say of them.
extension CircleWorld {
  mutating func happen(inside index: Int, _ event: CircleWorkerEvent) {
    switch event {
    case .starts:
      workers[index].generation = nextGeneration
      nextGeneration += 1
      workers[index].doing = .waiting
      publish(workers[index].site, event: "worker.started", of: index)
      planEvent(index, .connects, in: 1000...20_000)
    case .connects: connect(worker: index)
    case .hasLooked(let check): hasLooked(index, check)
    case .chunkEnds: sendChunk(index)
    case .runEnds: endRun(index)
    case .dies: die(index)
    }
  }

  mutating func planEvent(
    _ index: Int, _ event: CircleWorkerEvent, in microseconds: ClosedRange<Int64>
  ) {
    workers[index].serial += 1
    plan(.worker(index, serial: workers[index].serial, event), in: microseconds)
  }

  /// Its broker has begun anew: nobody waits for what it runs.
  mutating func rejoin(_ index: Int) {
    guard workers[index].doing != .away else { return }
    workers[index].doing = .waiting
    planEvent(index, .connects, in: 1000...30_000)
  }

  private mutating func connect(worker index: Int) {
    let site = workers[index].site
    // It is told when there is one.
    guard sites[site].isUp else { return }
    if let connection = workers[index].connection { connections[connection].isOpen = false }
    connections.append(
      CircleConnection(owner: .worker(index), site: site, start: sites[site].starts))
    workers[index].connection = connections.count - 1
    workers[index].reported = nil
    workers[index].results = []
    report(index)
    publish(site, event: "worker.ready", of: index)
  }

  // MARK: What it says

  private mutating func report(_ index: Int, version: VersionReport? = nil) {
    let worker = workers[index]
    guard let connection = worker.connection else { return }
    let isNews = worker.reported != worker.serves
    workers[index].doing = .waiting
    workers[index].serial += 1
    workers[index].run = nil
    workers[index].orders = []
    workers[index].results = []
    workers[index].reported = worker.serves
    let report = WorkerReport(
      member: worker.member, supervisor: "s\(worker.site)", pid: 1, hasDatabases: isNews)
    send(
      CircleReport(
        report, databases: isNews ? worker.serves : nil, results: worker.results,
        version: version), over: connection)
  }

  private mutating func send(_ report: CircleReport, over connection: Int) {
    let due = connections[connection].toBroker.due(later(20...300))
    agenda.plan(.report(connection: connection, report), at: due)
  }

  private mutating func sendChunk(_ index: Int) {
    guard var run = workers[index].run, let connection = workers[index].connection else { return }
    run.sent += 1
    workers[index].run = run
    workers[index].doing = .asking
    workers[index].serial += 1
    let results = workers[index].results
    workers[index].results = []
    workers[index].orders = []
    workers[index].isAlone = true
    let report = WorkerReport(
      member: workers[index].member, supervisor: "s\(workers[index].site)", pid: 1,
      hasDatabases: false)
    let chunk = CircleBody(
      request: run.request, run: run.number, attempt: run.job.attempt, chunk: run.sent)
    send(CircleReport(report, results: results, chunk: chunk), over: connection)
  }

  // MARK: What it is told

  mutating func send(_ reply: Reply, to peer: PeerID) {
    guard let connection = try? Ledger.connection(peer) else { return }
    guard connections[connection].isOpen else { return miss(reply) }
    let due = connections[connection].fromBroker.due(later(20...300))
    agenda.plan(.command(connection: connection, reply), at: due)
  }

  mutating func obey(_ reply: Reply, over connection: Int) {
    guard connections[connection].isOpen else { return miss(reply) }
    guard case .worker(let index) = connections[connection].owner,
      workers[index].connection == connection
    else { return }
    switch reply {
    case .run(let orders):
      workers[index].arrival = now
      workers[index].isAlone = orders.count == 1
      workers[index].orders = orders.dropFirst()
      if let first = orders.first { begin(index, first) }
    case .command(.rescan): look(index, nil)
    case .command(.check(let database)): look(index, database)
    case .command(.go): pursue(index)
    case .command(.stop):
      workers[index].run?.isCancelled = true
      endRun(index)
    case .command: leave(index, "worker.exited")
    }
  }

  /// Who has been given something has died before it came: nobody can know that it was not of that.
  private mutating func miss(_ reply: Reply) {
    guard case .run(let orders) = reply, orders.count == 1, let order = orders.first else { return }
    ledger.died(of: CircleSent.of(order.request).request, isAlone: true)
  }

  private mutating func look(_ index: Int, _ check: String?) {
    workers[index].doing = .looking
    planEvent(index, .hasLooked(check: check), in: 50...3000)
  }

  private mutating func hasLooked(_ index: Int, _ check: String?) {
    guard let check else { return report(index) }
    let number = Database.names.firstIndex(of: check) ?? Database.unknown
    let has = workers[index].serves.contains(number)
    report(
      index,
      version: VersionReport(database: check, version: has ? "v\(versions[number])" : nil))
  }

  // MARK: What it runs

  private mutating func begin(_ index: Int, _ order: Order) {
    let (job, sent) = (order.job, CircleSent.of(order.request))
    let request = ledger.requests[sent.request]
    nextRun += 1
    workers[index].run = CircleWorker.Run(
      request: sent.request, number: nextRun, job: job, course: course(of: request, job),
      deadline: workers[index].arrival.adding(milliseconds: job.deadlineMilliseconds),
      version: versions[min(request.database, versions.count - 1)])
    pursue(index)
  }

  /// Runs something up to the next chunk of its result, or to its end.
  private mutating func pursue(_ index: Int) {
    guard let run = workers[index].run else { return }
    workers[index].doing = .running
    workers[index].serial += 1
    let part = now.adding(microseconds: run.course.microseconds / Int64(run.course.chunks + 1))
    let grace: Int = run.course.isInterruptible ? 0 : 500
    let end = max(now, min(part, run.deadline.adding(milliseconds: grace)))
    var event = CircleWorkerEvent.runEnds
    if run.sent < run.course.chunks, end == part {
      event = .chunkEnds
    } else if case .death = run.course.end, end == part {
      event = .dies
    }
    agenda.plan(.worker(index, serial: workers[index].serial, event), at: end)
  }

  mutating func cancel(_ attempt: Attempt, of index: Int) {
    guard let run = workers[index].run, run.job.attempt == attempt, run.course.isInterruptible,
      workers[index].doing == .running
    else { return }
    workers[index].run?.isCancelled = true
    planEvent(index, .runEnds, in: 100...5000)
  }

  private mutating func endRun(_ index: Int) {
    guard let run = workers[index].run else { return }
    var outcome = Outcome.rows(1)
    if case .outcome(let known) = run.course.end { outcome = known }
    if now >= run.deadline { outcome = .failure(Failure(.deadline, "interrupted")) }
    if run.isCancelled { outcome = .failure(Failure(.cancelled, "interrupted")) }
    let microseconds = run.course.end.isUnchanged ? 5 : run.course.microseconds
    let result = AttemptResult(
      attempt: run.job.attempt, outcome: outcome, version: "v\(run.version)",
      runMicroseconds: microseconds)
    let body = CircleBody(
      request: run.request, run: run.number, attempt: run.job.attempt, chunks: run.sent)
    workers[index].results.append((result, body))
    if now < workers[index].arrival.adding(milliseconds: 1),
      let next = workers[index].orders.popFirst()
    {
      return begin(index, next)
    }
    report(index)
  }

  mutating func die(_ index: Int) {
    guard workers[index].doing != .away else { return }
    if let run = workers[index].run {
      ledger.died(of: run.request, isAlone: workers[index].isAlone)
    }
    leave(index, "worker.exited")
  }

  private mutating func leave(_ index: Int, _ word: String) {
    publish(workers[index].site, event: word, of: index)
    workers[index].doing = .away
    workers[index].run = nil
    workers[index].orders = []
    if let connection = workers[index].connection {
      connections[connection].isOpen = false
      let due = connections[connection].toBroker.due(later(50...5000))
      agenda.plan(.workerGone(connection: connection), at: due)
    }
    workers[index].connection = nil
    planEvent(index, .starts, in: 10_000...300_000)
  }

  // MARK: What its supervisor says

  mutating func publish(_ site: Int, event: String, of index: Int) {
    publish(site, (Line(event).with(workers[index].member), []))
  }

  mutating func state(of site: Int) -> (Line, [Line]) {
    let members = workers.filter { $0.site == site && $0.generation > 0 }.map { worker in
      let phase = worker.doing == .away ? Phase.backoff : .ready
      return Line("member").with(worker.member).with("phase", phase.rawValue)
    }
    return (Line(Publication.stateWord).with("role", "supervisor"), members)
  }

  mutating func speak(_ site: Int) {
    publish(site, state(of: site))
    plan(.speaks(supervisor: site), in: 1_000_000...1_000_000)
  }

  mutating func publish(_ site: Int, _ said: (line: Line, members: [Line])) {
    sites[site].supervisorSequence += 1
    let word = Word(
      Publication(
        publisher: PublisherIdentity(name: "s\(site)", incarnation: 1),
        sequence: sites[site].supervisorSequence, line: said.line, members: said.members))
    let due = sites[site].fromSupervisor.due(later(100...3000))
    agenda.plan(.publication(site: site, word), at: due)
  }

  /// What a broker publishes, to the worker that it is for.
  mutating func pass(_ line: Line, from site: Int) {
    guard line.word == EventWord.cancelled, let member = Member(line), let attempt = Attempt(line),
      let worker = workers.firstIndex(where: { $0.site == site && $0.member == member }),
      chance(90)
    else { return }
    plan(.cancelled(worker: worker, attempt), in: 100...2000)
  }
}

extension Course.End {
  fileprivate var isUnchanged: Bool {
    if case .outcome(.unchanged) = self { true } else { false }
  }
}
