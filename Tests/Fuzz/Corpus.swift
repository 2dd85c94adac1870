import Wire

/// Real traffic, as the types print it.
enum Corpus {
  static let member = Member(name: "workers-3", generation: 7)
  static let attempt = Attempt(job: 17, number: 1)

  static let requests: [[UInt8]] =
    [
      ClientMessage.query(
        Query(id: "17", database: "a", format: .json, deadlineMilliseconds: 5000)),
      .query(Query(id: nil, database: "b", format: .tsv)),
      .query(
        Query(id: "1", database: "a b", format: .csv, ifVersion: "5f3a91", waitsForChange: true)),
      .query(Query(id: "x y", database: "a", format: .json, deadlineMilliseconds: 0)),
      .show(Show(id: "18", subject: .databases, format: .json)),
      .show(Show(id: nil, subject: .queue, format: .tsv)),
      .show(Show(id: "2", subject: .workers, format: .csv)),
      .show(Show(id: nil, subject: .clients, format: .json)),
      .show(Show(id: nil, subject: .quarantine, format: .json)),
      .show(Show(id: nil, subject: .stats, format: .json)),
      .show(Show(id: nil, subject: .peers, format: .json)),
      .peer(PeerQuestion(broker: "5f3a91c07d22", revision: 4)),
      .query(Query(id: "17.1", database: "a", format: .json, way: ["5f3a91c07d22", "b"])),
      .query(
        Query(id: "18.1", database: "a", format: .json, way: ["5f3a91c07d22"], client: "00a1b2c3d4")
      ),
      .query(Query(id: "17", database: "a", format: .json, credit: 1)),
      .query(Query(id: "18", database: "a", format: .csv, credit: 4)),
      .credit(id: "17", chunks: 1), .credit(id: "18", chunks: 16), .next(id: "17"), .next(id: "18"),
      .cancel(id: "17"), .cancel(id: "1"),
      .query(
        Query(
          id: "17", database: "a,b*", format: .csv, credit: 1,
          extras: QueryExtras(skipsFailed: true))),
      .query(
        Query(id: "18", database: "*", format: .json, extras: QueryExtras(databaseColumn: "d b"))),
      .query(Query(id: "1", database: "b*,a", format: .csv)),
    ].map { $0.line.encoded() } + series

  /// Each of two, with ids of their own.
  static let series: [[UInt8]] = (10..<20).map { number in
    let query = Query(
      id: "\(number)0", database: number < 18 ? "a" : "b", format: .json,
      deadlineMilliseconds: number < 15 ? nil : 5000, credit: number < 13 ? 1 : nil, each: 2)
    return ClientMessage.query(query).line.encoded()
  }

  static let outcomes: [Outcome] = [
    .rows(1), .rows(0), .rows(1 << 40), .unchanged,
    .failure(Failure(.sql, "near \"selec\": syntax error", offset: 0)),
    .failure(Failure(.noSuchDatabase, "no database 'a' here")),
    .failure(Failure(.busy, "100000 requests are waiting", retryMilliseconds: 100)),
    .failure(Failure(.draining, "the router is about to end", retryMilliseconds: 500)),
    .failure(Failure(.deadline, "über\tdie Zeit")),
  ]

  static let reports: [[UInt8]] = [
    WorkerReport(member: member, supervisor: "workers", pid: 812, hasDatabases: true),
    WorkerReport(member: member, supervisor: "workers", pid: 812, hasDatabases: false),
    WorkerReport(
      member: Member(name: "workers-1", generation: 9), supervisor: nil, pid: 1, hasDatabases: true),
    WorkerReport(
      member: Member(name: "workers-3", generation: 8), supervisor: "workers", pid: 813,
      hasDatabases: true, isStopping: true),
  ].map { $0.line.encoded() }

  static func results(_ attempt: Attempt) -> [[UInt8]] {
    outcomes.map {
      AttemptResult(attempt: attempt, outcome: $0, version: "5f3a91", runMicroseconds: 40)
        .line.encoded()
    } + series(attempt) + versions
  }

  private static func series(_ attempt: Attempt) -> [[UInt8]] {
    [0, 1, 2, 3].map {
      AttemptResult(attempt: attempt, outcome: .rows(2), runMicroseconds: 40, each: $0)
        .line.encoded()
    }
  }

  static let versions = [
    VersionReport(database: "a", version: "5f3a92"), VersionReport(database: "b", version: nil),
  ].map { $0.line.encoded() }

  static let notes = [
    ChangeNote(member: member, database: "a").line,
    ChangeNote(member: member, database: "none").line,
    OverrunNote(member: member, attempt: attempt).line,
  ].map { $0.encoded() }

  static let databases: [[UInt8]] = [
    ServedDatabase.encode([ServedDatabase(name: "a")]),
    ServedDatabase.encode([
      ServedDatabase(name: "a"), ServedDatabase(name: "b", error: "file is not a database"),
    ]), [],
  ]

  static let commands = [
    WorkerCommand.run, .go, .stop, .check(database: "a"), .rescan, .bye,
  ].map { $0.line.encoded() }

  static let jobs = [
    Job(attempt: attempt, database: "a", format: .json, deadlineMilliseconds: 5000),
    Job(
      attempt: attempt, database: "a", format: .csv, deadlineMilliseconds: 0, ifVersion: "5f",
      chunkBytes: 262_144),
    Job(
      attempt: attempt, database: "a,b*", format: .csv, deadlineMilliseconds: 5000,
      chunkBytes: 262_144,
      extras: QueryExtras(databaseColumn: "db", skipsFailed: true)),
  ].map { $0.line.encoded() }

  /// Events and states of supervisors and routers.
  static let headers: [[UInt8]] =
    (["started", "ready", "stopping", "exited", "backoff", "stuck"].map { word in
      header(
        "workers",
        Line("worker.\(word)").with(member).with("pid", 812).with("status", 79)
          .with("why", "Segmentation fault"))
    } + [
      header("workers", Line("state").with("role", "supervisor").with("phase", "running")),
      header(
        "router",
        Line("state").with("role", "router").with("workers", "ipc:///run/workers")
          .with("clients", "ipc:///run/clients")),
      header("router", Line(EventWord.cancelled).with(member).with(attempt).with("db", "a")),
      header("workers", Line("supervisor.started").with("workers", 4)),
    ]).map { $0.encoded() }

  static let slots: [[UInt8]] = Phase.allCases.map {
    Line("workers-3").with(member).with("phase", $0.rawValue).with("pid", 812).encoded()
  }

  private static func header(_ publisher: String, _ line: Line) -> Line {
    Publication(
      publisher: PublisherIdentity(name: publisher, incarnation: 3), sequence: 41, line: line
    ).header(time: "2026-11-21T08:00:00.123456Z")
  }

  /// Answers as a client gets them, to requests 0 and up.
  static let answers: [[UInt8]] = (0..<6).flatMap { id in
    outcomes.map { $0.line(id: String(id)).with("version", "5f").encoded() }
  }

  /// Answers as a broker gets them to what it has handed over.
  static func answers(_ attempt: Attempt) -> [[UInt8]] {
    let codes = ErrorCode.allCases.map { Outcome.failure(Failure($0, "there")) }
    return (outcomes + codes).map {
      $0.line(id: attempt.handedID).with("worker", "w-1").with("run_us", 40).encoded()
    } + [Line("MORE").with("id", attempt.handedID).with("chunk", 1).encoded()]
  }

  static let capacities: [[UInt8]] = [
    PeerCapacity(broker: "there", workers: 4, others: 0, revision: 5, hasDatabases: true),
    PeerCapacity(broker: "there", workers: 4, others: 9, revision: 5, hasDatabases: false),
    PeerCapacity(broker: "another", workers: 1, others: 0, revision: 1, hasDatabases: true),
    PeerCapacity(broker: "here", workers: 0, others: 0, revision: 0, hasDatabases: true),
    PeerCapacity(
      broker: "there", workers: 0, others: 0, revision: 0, hasDatabases: true, isStarting: true),
  ].map { $0.line.encoded() }

  static let lines =
    requests + reports + results(attempt) + notes + commands + jobs + headers + slots + answers
    + answers(attempt) + capacities
}
