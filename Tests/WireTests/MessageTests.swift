import Testing
import Wire

@Suite struct MessageTests {
  @Test func clientMessagesSurvive() throws {
    let messages: [ClientMessage] = [
      .query(Query(id: "17", database: "my data", format: .tsv, deadlineMilliseconds: 5000)),
      .query(Query(id: nil, database: "proj", format: .json)),
      .query(
        Query(
          id: "1", database: "a,b-*", format: .csv, credit: 2,
          extras: QueryExtras(databaseColumn: "the db", skipsFailed: true))),
      .query(Query(id: "0", database: "a", format: .json, credit: 1, each: 1)),
      .query(
        Query(id: "9007199254740992", database: "a", format: .csv, each: ClientMessage.maxEach)),
      .show(Show(id: "s", subject: .databases, format: .csv)),
    ]
    for message in messages {
      #expect(try ClientMessage(Line(parsing: message.line.encoded())) == message)
    }
  }

  @Test(arguments: [
    ("FOO db=x", "unknown verb 'FOO'"),
    ("QUERY id=1", "QUERY without db="),
    ("QUERY db=x format=xml", "unknown format 'xml'"),
    ("QUERY db=x deadline=-1", "deadline="),
    ("QUERY db=x deadline=soon", "deadline="),
    ("QUERY db=x deadline=99999999999999999999", "deadline="),
    ("QUERY db=x db-column=\"\"", "db-column="),
    ("QUERY db=x skip-failed=no", "skip-failed="),
    ("QUERY db=\(String(repeating: "x", count: 256))", "longer than 255 bytes"),
    ("QUERY db=\(String(repeating: "x,", count: 2049))", "longer than 4096 bytes"),
    ("QUERY db=x id=1 each=0", "1 to 256"),
    ("QUERY db=x id=1 each=257", "1 to 256"),
    ("QUERY db=x id=1 each=x", "1 to 256"),
    ("QUERY db=x each=2", "each= needs id="),
    ("QUERY db=x id=a each=2", "each= needs id="),
    ("QUERY db=x id=01 each=2", "each= needs id="),
    ("QUERY db=x id=-1 each=2", "each= needs id="),
    ("QUERY db=x id=9007199254740993 each=2", "each= needs id="),
    ("QUERY db=x id=1 each=2 if-version=v", "goes neither with if-version="),
    ("QUERY db=x id=1 each=2 way=b", "goes neither with if-version="),
    ("QUERY db=x,y id=1 each=2", "each= is for one database"),
    ("SHOW what=secrets", "SHOW needs what="),
    ("SHOW", "SHOW needs what="),
  ])
  func whatIsNotUnderstoodIsABadRequest(_ text: String, _ why: String) throws {
    let line = try Line(parsing: Array(text.utf8))
    let error = try #require(throws: Failure.self) { try ClientMessage(line) }
    #expect(error.code == .badRequest)
    #expect(error.message.contains(why))
  }

  @Test func unknownKeysAreIgnored() throws {
    let line = try Line(parsing: Array("QUERY db=x colour=blue id=1".utf8))
    #expect(try ClientMessage(line) == .query(Query(id: "1", database: "x", format: .json)))
  }

  @Test func idsOfASeriesCountUp() {
    #expect(Query.id(0, of: "9") == "9")
    #expect(Query.id(2, of: "9") == "11")
    #expect(Query.id(0, of: nil) == nil)
  }

  @Test func workerMessagesSurvive() throws {
    let report = WorkerReport(
      member: Member(name: "w-1", generation: 7), supervisor: "workers", pid: 812,
      hasDatabases: true, isStopping: true)
    #expect(WorkerReport(try Line(parsing: report.line.encoded())) == report)
    let job = Job(
      attempt: Attempt(job: 17, number: 2), database: "a b", format: .csv,
      deadlineMilliseconds: 12)
    #expect(Job(try Line(parsing: job.line.encoded())) == job)
    let named = Job(
      attempt: Attempt(job: 17, number: 2), database: "a,*", format: .csv,
      deadlineMilliseconds: 12, extras: QueryExtras(databaseColumn: "db"))
    #expect(Job(try Line(parsing: named.line.encoded())) == named)
    let series = Job(
      attempt: Attempt(job: 17, number: 2), database: "a", format: .csv,
      deadlineMilliseconds: 12, each: 32)
    #expect(Job(try Line(parsing: series.line.encoded())) == series)
    for command in [WorkerCommand.run, .rescan, .bye] {
      #expect(WorkerCommand(try Line(parsing: command.line.encoded())) == command)
    }
    for deadline in ["-1", "86400001", "9223372036854775807"] {
      let line = "JOB job=17 try=2 db=a format=csv deadline=\(deadline)"
      #expect(Job(try Line(parsing: Array(line.utf8))) == nil)
    }
    let results = [
      AttemptResult(attempt: job.attempt, outcome: .rows(3), runMicroseconds: 40),
      AttemptResult(
        attempt: job.attempt,
        outcome: .failure(Failure(.busy, "so \"full\"", offset: 3, retryMilliseconds: 100)),
        runMicroseconds: 0),
      AttemptResult(attempt: job.attempt, outcome: .rows(3), runMicroseconds: 40, each: 0),
    ]
    for result in results {
      #expect(AttemptResult(try Line(parsing: result.line.encoded())) == result)
    }
    let summaries = [
      SetSummary(databases: 2),
      SetSummary(databases: 2, failed: 1, code: .busy, why: "a: busy: \"so full\""),
    ]
    for summary in summaries {
      var line = Outcome.rows(3).line()
      line.append(summary)
      let bytes = line.encoded()
      #expect(try bytes.withUnsafeBytes { SetSummary(try LineView(parsing: $0)) } == summary)
    }
  }

  @Test func aMessageIsCutSoThatItsLineCanBeRead() throws {
    for text in ["x", "\n", "é", "𝄞", "\u{7f}"] {
      let long = "y" + String(repeating: text, count: 70_000)
      let line = try Line(parsing: Outcome.failure(Failure(.sql, long)).line().encoded())
      let message = try #require(line["message"])
      #expect(long.hasPrefix(message) && (4090...4096).contains(message.utf8.count))
    }
  }

  @Test(arguments: ["-1", "1099511627777", "9223372036854775807", "x"])
  func numbersOfRowsHaveBounds(_ rows: String) throws {
    #expect(try Outcome(Line(parsing: Array("OK rows=\(rows)".utf8))) == nil)
    #expect(try Outcome(Line(parsing: Array("OK rows=1099511627776".utf8))) == .rows(1 << 40))
  }

  @Test func listsOfDatabasesSurvive() throws {
    let list = [
      ServedDatabase(name: "proj"), ServedDatabase(name: "my data\n", error: "not a database"),
    ]
    let bytes = ServedDatabase.encode(list)
    #expect(try bytes.withUnsafeBytes { try ServedDatabase.decode($0) } == list)
    #expect(try [UInt8]().withUnsafeBytes { try ServedDatabase.decode($0) }.isEmpty)
  }

  @Test(arguments: ["", String(repeating: "x", count: 256)])
  func namesThatNoRequestCouldSayAreRefused(_ name: String) {
    let bytes = ServedDatabase.encode([ServedDatabase(name: name)])
    #expect(throws: LineError.self) {
      try bytes.withUnsafeBytes { _ = try ServedDatabase.decode($0) }
    }
  }

  @Test func publicationsSurvive() throws {
    let publication = Publication(
      publisher: PublisherIdentity(name: "workers", incarnation: 3), sequence: 41,
      line: Line("worker.exited").with("name", "workers-3").with("signal", "SEGV"))
    let header = publication.header(time: "2026-11-21T08:00:00.123456Z")
    #expect(
      header.description
        == "worker.exited time=2026-11-21T08:00:00.123456Z publisher=workers incarnation=3 seq=41"
        + " name=workers-3 signal=SEGV")
    let read = try #require(Publication(header: header, members: []))
    #expect(read.publisher == publication.publisher && read.sequence == 41 && !read.isState)
    #expect(Publication(header: Line("worker.exited"), members: []) == nil)
  }
}
