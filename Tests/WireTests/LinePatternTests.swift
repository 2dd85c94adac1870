import Testing

@testable import Wire

struct LinePatternTests {
  private func pattern(_ line: String) throws -> LinePattern {
    var pattern = LinePattern("id", "ms", "db")
    try Array(line.utf8).withUnsafeBytes { pattern.learn(try LineView(parsing: $0)) }
    return pattern
  }

  /// The values that a pattern finds in a line, `=` for those that are the known line's.
  private func values(_ line: String, like known: String) throws -> [String]? {
    let pattern = try pattern(known)
    return Array(line.utf8).withUnsafeBytes { bytes in
      pattern.values(in: bytes).map { values in
        [values[0], values[1], values[2]].map { value in
          if case .other(let value) = value { value.text } else { "=" }
        }
      }
    }
  }

  @Test func linesThatDifferInTheKeysValuesAreRecognized() throws {
    let known = "Q db=a x=1 id=7 ms=20"
    #expect(try values("Q db=a x=1 id=7 ms=20", like: known) == ["=", "=", "="])
    #expect(try values("Q db=logs x=1 id=12345 ms=0", like: known) == ["12345", "0", "logs"])
    #expect(try values("Q db=ab x=1 id=71 ms=2", like: known) == ["71", "2", "ab"])
    #expect(try values("Q db=a x=1 id=7 ms=201", like: known) == ["=", "201", "="])
    #expect(try values("Q id=8 x=1", like: "Q id=7 x=1") == ["8", "=", "="])
    #expect(try values("Q x=1", like: "Q x=1") == ["=", "=", "="])
  }

  @Test func allOthersAreNot() throws {
    let known = "Q db=a x=1 id=7 ms=20"
    for line in [
      "", "Q", "R db=a x=1 id=7 ms=20", "Q db=a x=2 id=7 ms=20", "Q db=a x=1 id=7",
      "Q db=a x=1 id=7 ms=20 y=3", "Q db=a x=1 id= ms=20", "Q db=a x=1 id=7 ms=",
      "Q db=\"a b\" x=1 id=7 ms=20", "Q db=a x=1 id=\"7\" ms=20", "Q db=ä x=1 id=7 ms=20",
      "Q db=a x=1 id=7\t ms=20", "Q db=a x=1 id=7 ms=20 ", "Q x=1 db=a id=7 ms=20",
    ] {
      #expect(try values(line, like: known) == nil, "\(line)")
    }
    #expect(try values("Q x=12", like: "Q x=1") == nil)
    #expect(try values("Q x=", like: "Q x=1") == nil)
  }

  @Test func whatHasQuotesOrIsLongIsNotLearned() throws {
    #expect(try values("Q id=\"7\"", like: "Q id=\"7\"") == nil)
    let long = "Q id=7 x=" + String(repeating: "y", count: 600)
    #expect(try values(long, like: long) == nil)
    // A value may be long, a line may not.
    let longest = Line.maxLength - "Q id=".utf8.count
    #expect(try values("Q id=" + String(repeating: "1", count: longest), like: "Q id=7") != nil)
    #expect(try values("Q id=" + String(repeating: "1", count: longest + 1), like: "Q id=7") == nil)
  }

  @Test func queriesAreReadAsWhenAllIsRead() {
    var reader = QueryReader()
    func read(_ text: String) -> Query? {
      Array(text.utf8).withUnsafeBytes { bytes in
        let short = reader.query(in: bytes)
        guard let line = try? LineView(parsing: bytes) else {
          #expect(short == nil)
          return nil
        }
        guard case .query(let query)? = try? ClientMessage(line) else {
          #expect(short == nil, "\(text)")
          return nil
        }
        #expect(short == nil || short == query, "\(text)")
        reader.learn(line, query)
        return short
      }
    }
    #expect(read("QUERY db=a format=csv id=1 deadline=30000") == nil)
    #expect(read("QUERY db=a format=csv id=2 deadline=29999")?.id == "2")
    #expect(read("QUERY db=logs format=csv id=3 deadline=29999")?.database == "logs")
    #expect(read("QUERY db=logs-* format=csv id=3 deadline=29999")?.namesSeveral == true)
    for line in [
      "QUERY db=a format=csv id=\(String(repeating: "1", count: 129)) deadline=1",
      "QUERY db=a format=csv id=4 deadline=x", "QUERY db=a format=csv id=4 deadline=86400001",
      "QUERY db=\(String(repeating: "a", count: 256)) format=csv id=4 deadline=1",
      "CANCEL id=1", "QUERY db=a format=json id=5 deadline=1",
    ] {
      #expect(read(line) == nil)
    }
    #expect(read("QUERY db=a format=json id=5 deadline=1 each=2") == nil)
    #expect(read("QUERY db=a format=json id=7 deadline=1 each=2")?.each == 2)
    #expect(read("QUERY db=a format=json id=9 deadline=1 each=256")?.each == 256)
    #expect(read("QUERY db=a format=json id=7 deadline=1 each=257") == nil)
    #expect(read("QUERY db=a format=json id=7 deadline=1 each=x") == nil)
    #expect(read("QUERY db=b* format=json id=7 deadline=1 each=2") == nil)
    #expect(read("QUERY db=a format=json id=7x deadline=1 each=2") == nil)
    #expect(read("QUERY db=a format=json id=5 deadline=1") == nil)
    #expect(read("QUERY db=b format=json id=6 deadline=2")?.format == .json)
    #expect(read("QUERY db=b id=17.1 way=x client=0a") == nil)
    #expect(read("QUERY db=b id=18.1 way=x client=0b")?.client == "0b")
    #expect(read("QUERY db=b id=18.1 way=x client=\(String(repeating: "0", count: 511))") == nil)
  }

  @Test func jobsAndResultsLikewise() throws {
    func job(_ number: UInt64, _ database: String, _ milliseconds: Int, _ each: Int? = nil) -> Job {
      Job(
        attempt: Attempt(job: number, number: 2), database: database, format: .csv,
        deadlineMilliseconds: milliseconds, chunkBytes: 7, each: each)
    }
    var jobs = JobReader()
    for job in [
      job(1, "a", 5), job(20, "b c", 0), job(3, "b c", 9), job(.max, "d", 1), job(4, "d", 1, 64),
      job(5, "d", 1, 7),
    ] {
      #expect(try job.line.encoded().withUnsafeBytes { try jobs.read($0) } == job)
    }
    #expect(try Array("JOB job=-1 try=2 db=d".utf8).withUnsafeBytes { try jobs.read($0) } == nil)

    var results = ResultReader()
    var recognized = 0
    let told: [(version: String?, outcome: Outcome, each: Int?)] = [
      (nil, .rows(4), nil), (nil, .rows(5), nil), ("v1", .rows(4), nil), ("v1", .rows(4), nil),
      ("v22", .rows(0), nil), (nil, .rows(4), nil), (nil, .rows(4), 64), (nil, .rows(16), 16),
      (nil, .unchanged, nil), (nil, .unchanged, nil),
    ]
    for (number, told) in told.enumerated() {
      let result = AttemptResult(
        attempt: Attempt(job: UInt64(number) * 99, number: 1), outcome: told.outcome,
        version: told.version, runMicroseconds: Int64(number) * 1000, each: told.each)
      try result.line.encoded().withUnsafeBytes { bytes in
        if let short = results.result(in: bytes) {
          recognized += 1
          #expect(short == result)
        }
        results.learn(try LineView(parsing: bytes), result)
      }
    }
    #expect(recognized == 5)
    let rows = AttemptResult(
      attempt: Attempt(job: 1, number: 1), outcome: .rows(1), runMicroseconds: 1)
    try rows.line.encoded().withUnsafeBytes { results.learn(try LineView(parsing: $0), rows) }
    for number in ["-1", "x", "1099511627777"] {
      let line = "OK job=1 try=1 rows=\(number) run_us=1"
      #expect(Array(line.utf8).withUnsafeBytes { results.result(in: $0) } == nil)
    }
  }
}
