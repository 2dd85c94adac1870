import Supervision
import Wire
import Worker

/// The workers' processes: their loops, as `WorkerLoop` and `ControlLoop` run them.
extension World {
  static let endpoint = "endpoint"

  /// Starts a process. Returns its index.
  mutating func startProcess(
    _ member: Member, station: Int?, incarnation: Int64, serves: DatabaseSet
  ) -> Int {
    let index = processes.count
    nextPid += 1
    processes.append(
      Process(
        member: member, pid: nextPid, station: station, incarnation: incarnation, serves: serves,
        control: ControlState(WorkerIdentity(member), router: Self.endpoint)))
    living.append(index)
    plan(.process(index, .begins), in: 1000...30_000)
    return index
  }

  mutating func startByHand() {
    let member = Member(name: "worker-\(nextPid)", generation: takeNumber())
    _ = startProcess(
      member, station: nil, incarnation: 0, serves: DatabaseSet(first: scenario.databases))
  }

  // MARK: What it hears

  mutating func hear(_ index: Int, _ word: Word) {
    guard processes[index].isAlive else { return }
    if now < processes[index].resumes {
      return agenda.plan(.heard(process: index, word), at: processes[index].resumes)
    }
    if case .starting = processes[index].doing { return }
    if processes[index].isKilled { return }
    let news = processes[index].control.hear(word.publication, now: now)
    if case .running(let run) = processes[index].doing,
      processes[index].control.watchdog.isAbandoned
    {
      return hurry(index, run)
    }
    if case .asking = processes[index].doing { watch(index) }
    if news { takeNews(index) }
  }

  /// Its connection to the router ends, while both live.
  mutating func cutOff(_ index: Int) {
    guard processes[index].isAlive, now >= processes[index].resumes, !processes[index].isKilled
    else { return }
    processes[index].control.lose(now: now)
    if case .running(let run) = processes[index].doing { return hurry(index, run) }
    takeNews(index)
  }

  /// Nobody waits any more for what it runs.
  private mutating func hurry(_ index: Int, _ run: Process.Run) {
    let serial = processes[index].serial
    if run.course.isInterruptible {
      plan(.process(index, .runEnds(serial: serial)), in: 100...20_000)
    } else {
      watch(index)
    }
  }

  /// Lets its watchdog look when what runs is overdue.
  private mutating func watch(_ index: Int) {
    guard let limit = processes[index].control.watchdog.limit else { return }
    let serial = processes[index].serial
    agenda.plan(.process(index, .watchdog(serial: serial)), at: limit)
  }

  /// What its runner does when it is told that something is new, unless it runs something.
  private mutating func takeNews(_ index: Int) {
    if processes[index].control.isStopping { processes[index].isStopping = true }
    switch processes[index].doing {
    case .starting, .running, .looking, .ended: return
    case .asking:
      // Another one knows nothing of what it waits for.
      guard processes[index].control.contact != processes[index].giver else { return }
      processes[index].control.watchdog.end()
      follow(index)
    case .listening: follow(index)
    case .waiting:
      if processes[index].control.contact != processes[index].giver { return follow(index) }
      guard processes[index].isStopping, !processes[index].hasFarewell else { return }
      processes[index].hasFarewell = true
      plan(.process(index, .farewellEnds(serial: processes[index].serial)), in: 500_000...500_000)
    }
  }

  /// Connects to the router that was heard of, and says that it is ready.
  private mutating func follow(_ index: Int) {
    close(index)
    processes[index].giver = processes[index].control.contact
    if processes[index].isStopping { return end(index, .status(0)) }
    guard processes[index].giver != nil else {
      processes[index].doing = .listening
      return
    }
    connections.append(
      Connection(
        owner: .worker(index), router: isRouterUp ? router : 0, isAtRouter: isRouterUp))
    ledger.workers.append(Ledger.Worker())
    ledger.workers[connections.count - 1].hasEnded = processes[index].isDoomed
    processes[index].connections.append(connections.count - 1)
    processes[index].reported = nil
    report(index)
    say(index, .ready)
  }

  private mutating func close(_ index: Int) {
    guard let connection = processes[index].connections.last,
      connections[connection].closedAt == nil
    else { return }
    connections[connection].closedAt = now
    // A router takes a worker for dead whose connection ends.
    ledger.hasEnded([connection])
    let due = connections[connection].toRouter.due(later(50...5000))
    agenda.plan(.workerGone(connection: connection), at: due)
  }

  // MARK: What it says

  private mutating func report(
    _ index: Int, _ answers: [(result: AttemptResult, body: Rendered)] = [],
    version: VersionReport? = nil
  ) {
    let process = processes[index]
    guard let connection = process.connections.last else { return }
    let isNews = process.reported != process.found
    let report = WorkerReport(
      member: process.member, supervisor: process.station.map { stations[$0].name },
      pid: Int(process.pid), hasDatabases: isNews, isStopping: process.isStopping)
    processes[index].reported = process.found
    processes[index].doing = .waiting
    processes[index].serial += 1
    processes[index].hasFarewell = false
    let due = connections[connection].toRouter.due(arrival())
    if process.isConfused && process.reported != nil {
      return agenda.plan(.nonsense(connection: connection), at: due)
    }
    agenda.plan(
      .report(
        connection: connection,
        Report(
          report, databases: isNews ? process.found : nil, results: answers, version: version)),
      at: due)
    if process.isStopping { takeNews(index) }
  }

  /// Tells the supervisor.
  private mutating func say(_ index: Int, _ notice: Notice) {
    let process = processes[index]
    guard let station = process.station else { return }
    plan(
      .station(
        station, incarnation: process.incarnation, .childSays(pid: process.pid, notice)),
      in: 20...500)
  }

  // MARK: What it is told

  mutating func obey(_ connection: Int, _ reply: Reply) {
    guard case .worker(let index) = connections[connection].owner,
      connections[connection].closedAt == nil, processes[index].isAlive
    else { return }
    if now < processes[index].resumes {
      let later = Happening.command(connection: connection, reply)
      return agenda.plan(later, at: processes[index].resumes)
    }
    if processes[index].isKilled { return }
    processes[index].serial += 1
    let serial = processes[index].serial
    switch reply {
    case .command(.rescan): look(index, nil, serial)
    case .command(.check(let database)): look(index, database, serial)
    case .command(.go): goOn(index)
    case .command(.stop): stop(index)
    case .command: end(index, .status(0))
    case .run(let orders): begin(index, orders)
    }
  }

  private mutating func look(_ index: Int, _ check: String?, _ serial: Int) {
    processes[index].doing = .looking
    plan(.process(index, .hasLooked(check: check, serial: serial)), in: 50...3000)
  }

  /// Begins what it was given, as `WorkerLoop.run` does.
  private mutating func begin(_ index: Int, _ orders: [Order]) {
    guard let first = orders.first else { return }
    say(index, .working)
    processes[index].batch = Process.Batch(orders: orders.dropFirst(), arrival: now)
    if orders.count > 1 {
      processes[index].control.batch.begin(now: now)
      let end = now.adding(milliseconds: BatchClock.overrunMilliseconds)
      agenda.plan(.process(index, .overrun), at: end)
    }
    begin(index, first)
  }

  private mutating func begin(_ index: Int, _ order: Order) {
    guard let giver = processes[index].giver else { return }
    let (job, request) = (order.job, Sent.of(order.request).request)
    let course = course(of: ledger.requests[request], job)
    let deadline = processes[index].batch.arrival.adding(milliseconds: job.deadlineMilliseconds)
    let database = ledger.requests[request].database ?? Database.unknown
    let run = Process.Run(
      request: request, job: job, course: course, begun: now, deadline: deadline,
      version: databases[database].version)
    processes[index].control.begin(
      Assignment(attempt: job.attempt, router: giver.router), from: giver, deadline: deadline,
      now: now)
    pursue(index, run)
  }

  /// Runs something up to the next chunk of its result, or to its end.
  private mutating func pursue(_ index: Int, _ run: Process.Run) {
    processes[index].serial += 1
    processes[index].doing = .running(run)
    let (serial, course, deadline) = (processes[index].serial, run.course, run.deadline)
    let microseconds = course.microseconds / Int64(course.chunks + 1)
    let end = now.adding(microseconds: microseconds)
    switch course.end {
    case _ where run.sent < course.chunks:
      agenda.plan(.process(index, .chunkEnds(serial: serial)), at: min(end, max(now, deadline)))
    case .death:
      plan(
        .process(index, .dies(.signal("SEGV", "Segmentation fault"))),
        in: microseconds...microseconds)
    case .outcome, .never:
      let isEndless = if case .never = course.end { true } else { false }
      if course.isInterruptible {
        agenda.plan(
          .process(index, .runEnds(serial: serial)),
          at: max(now, isEndless ? deadline : min(end, deadline)))
      } else {
        if !isEndless { agenda.plan(.process(index, .runEnds(serial: serial)), at: end) }
        watch(index)
      }
    }
    if processes[index].control.watchdog.isAbandoned { hurry(index, run) }
  }

  // MARK: What goes on in it

  mutating func happen(inside index: Int, _ event: ProcessEvent) {
    guard processes[index].isAlive else { return }
    let resumes = processes[index].resumes
    if now < resumes {
      if case .kill = event {
        guard processes[index].isInKernel else { return end(index, .signal("KILL", "Killed")) }
        // It will do nothing more, whenever it ends.
        processes[index].isKilled = true
        ledger.hasEnded(processes[index].connections)
      }
      return agenda.plan(.process(index, event), at: resumes)
    }
    if processes[index].isKilled { return end(index, .signal("KILL", "Killed")) }
    switch event {
    case .begins: begin(index)
    case .hasLooked(let check, let serial):
      if serial == processes[index].serial { hasLooked(index, check) }
    case .runEnds(let serial):
      if serial == processes[index].serial { endRun(index) }
    case .chunkEnds(let serial):
      if serial == processes[index].serial { sendChunk(index) }
    case .overrun: tellOverrun(index)
    case .watchdog(let serial):
      guard serial == processes[index].serial else { return }
      if processes[index].control.watchdog.tick(now: now) != nil { end(index, .status(79)) }
    case .farewellEnds(let serial):
      if serial == processes[index].serial { end(index, .status(0)) }
    case .terminate:
      processes[index].isStopping = true
      if case .listening = processes[index].doing { return end(index, .status(0)) }
      takeNews(index)
    case .dies(let ending): end(index, ending)
    case .kill: end(index, .signal("KILL", "Killed"))
    }
  }

  private mutating func begin(_ index: Int) {
    if processes[index].isStopping { return end(index, .status(0)) }
    processes[index].doing = .listening
    processes[index].found = processes[index].serves.intersection(present)
    // A publisher sends its state to whoever comes.
    guard isRouterUp, now >= sleepsUntil else { return }
    let word = routerWord(Self.routerState, broker.abandonments)
    agenda.plan(.heard(process: index, word), at: processes[index].fromRouter.due(arrival()))
  }

  private mutating func hasLooked(_ index: Int, _ check: String?) {
    guard processes[index].control.contact == processes[index].giver else { return follow(index) }
    processes[index].found = processes[index].serves.intersection(present)
    guard let check else { return report(index) }
    let number = Database.names.firstIndex(of: check) ?? Database.unknown
    let version =
      processes[index].found.contains(number) ? "\(databases[number].version)" : nil
    report(index, version: VersionReport(database: check, version: version))
  }

  /// One of several takes too long.
  private mutating func tellOverrun(_ index: Int) {
    guard let running = processes[index].control.overrunning(now: now), !isLost() else { return }
    let note = OverrunNote(member: processes[index].member, attempt: running.attempt)
    agenda.plan(.note(.overrun(note)), at: arrival())
  }

  private mutating func endRun(_ index: Int) {
    guard case .running(let run) = processes[index].doing else { return }
    let result = result(index, run)
    processes[index].control.watchdog.end()
    processes[index].batch.answers.append(
      (result, Rendered(request: run.request, attempt: run.job.attempt)))
    // Now and then the rows are so large that they are sent at once.
    if processes[index].control.batch.goesOn(now: now), !chance(2),
      let next = processes[index].batch.orders.popFirst()
    {
      return begin(index, next)
    }
    processes[index].control.batch.end()
    if processes[index].control.isStopping { processes[index].isStopping = true }
    // Another router has taken the place of that which gave it: nobody waits for the answer.
    guard processes[index].control.contact == processes[index].giver else { return follow(index) }
    report(index, processes[index].batch.answers)
  }

  /// Sends a chunk, with the answers to what was done before; the rest is given back.
  private mutating func sendChunk(_ index: Int) {
    guard case .running(var run) = processes[index].doing,
      let connection = processes[index].connections.last
    else { return }
    // Its time is over: it notices that, mostly before there is a chunk.
    if now >= run.deadline && chance(80) { return endRun(index) }
    run.sent += 1
    run.sentLast = now
    processes[index].serial += 1
    processes[index].doing = .asking(run)
    processes[index].control.batch.end()
    let report = ChunkReport(member: processes[index].member, attempt: run.job.attempt)
    let chunk = Rendered(request: run.request, attempt: run.job.attempt, chunk: run.sent)
    let more = More(report, chunk, results: processes[index].batch.answers)
    processes[index].batch.answers = []
    processes[index].batch.orders = []
    let due = connections[connection].toRouter.due(arrival())
    agenda.plan(.more(connection: connection, more), at: due)
    watch(index)
    if processes[index].control.contact != processes[index].giver { takeNews(index) }
  }

  private mutating func goOn(_ index: Int) {
    guard case .asking(var run) = processes[index].doing else { return }
    run.begun = run.begun.adding(microseconds: now.microseconds(since: run.sentLast))
    pursue(index, run)
  }

  private mutating func stop(_ index: Int) {
    guard case .asking(var run) = processes[index].doing else { return }
    run.isStopped = true
    run.begun = run.begun.adding(microseconds: now.microseconds(since: run.sentLast))
    processes[index].doing = .running(run)
    endRun(index)
  }

  private mutating func result(_ index: Int, _ run: Process.Run) -> AttemptResult {
    let isAbandoned = processes[index].control.watchdog.isAbandoned
    let database = ledger.requests[run.request].database ?? Database.unknown
    var version: String? = "\(run.version)"
    let outcome: Outcome
    if run.isStopped || run.course.isInterruptible && isAbandoned {
      outcome = .failure(Failure(.cancelled, "nobody waits"))
    } else if run.course.isInterruptible && now >= run.deadline {
      outcome = .failure(Failure(.deadline, "its time is over"))
    } else if run.sent == 0,
      !processes[index].serves.intersection(present).contains(database)
    {
      processes[index].found = processes[index].serves.intersection(present)
      (outcome, version) = (.failure(Failure(.noSuchDatabase, "it has gone")), nil)
    } else if case .outcome(let planned) = run.course.end {
      outcome = planned
    } else {
      outcome = .failure(Failure(.deadline, "its time is over"))
    }
    return AttemptResult(
      attempt: run.job.attempt, outcome: outcome, version: version,
      runMicroseconds: now.microseconds(since: run.begun))
  }

  /// The process ends. Its connections do, and its supervisor learns of it.
  private mutating func end(_ index: Int, _ ending: Ending) {
    close(index)
    processes[index].doing = .ended
    living.removeAll { $0 == index }
    ledger.hasEnded(processes[index].connections)
    guard let station = processes[index].station else { return }
    plan(
      .station(
        station, incarnation: processes[index].incarnation,
        .childExits(pid: processes[index].pid, ending)),
      in: 20...2000)
  }
}
