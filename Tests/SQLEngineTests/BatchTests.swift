import Glibc
import SQLite
import Testing
import Toolkit
import Wire

@testable import SQLEngine

@Suite struct BatchTests {
  private let fixture = Fixture()
  private var engine: SQLEngine
  private let count = "select count(*) from t"

  init() throws {
    for mode in ["wal", "delete"] {
      try fixture.database(
        "\(mode).db",
        "pragma journal_mode = \(mode); create table t(x); insert into t values(1), (2)")
    }
    engine = try fixture.engine()
  }

  @Test mutating func sharesOneTransaction() throws {
    let writer = try fixture.database("wal.db", "select 1")
    engine.beginBatch()
    let first = engine.ask("wal", count)
    try writer.execute("insert into t values(3)")
    let second = engine.ask("wal", "select count(*), sum(x) from t")
    #expect(second == "2\t3\n" && second.version == first.version && first.version != nil)
    let unchanged = engine.ask("wal", count, ifVersion: first.version)
    #expect(unchanged.outcome == .unchanged)
    engine.endBatch()
    let third = engine.ask("wal", count)
    #expect(third == "3\n" && third.version != first.version)
  }

  @Test mutating func anotherDatabaseEndsIt() throws {
    let writer = try fixture.database("wal.db", "select 1")
    engine.beginBatch()
    #expect(engine.ask("wal", count) == "2\n")
    try writer.execute("insert into t values(3)")
    #expect(engine.ask("delete", count) == "2\n")
    #expect(engine.ask("wal", count) == "3\n")
    // The lock of the other one is given back.
    try fixture.database("delete.db", "begin exclusive; insert into t values(4); commit")
    #expect(engine.ask("delete", count) == "3\n")
    engine.endBatch()
  }

  @Test mutating func noLockRemains() throws {
    engine.beginBatch()
    #expect(engine.ask("delete", count) == "2\n")
    #expect(throws: SQLiteError.self) { try fixture.database("delete.db", "begin exclusive") }
    engine.endBatch()
    try fixture.database("delete.db", "begin exclusive; insert into t values(4); commit")
    #expect(engine.ask("delete", count) == "3\n")
  }

  @Test(arguments: ["wal", "delete"]) mutating func failuresEndOnlyThemselves(mode: String) {
    let endless =
      "with recursive r(i) as (select 1 union all select i + 1 from r) select count(*) from r"
    engine.beginBatch()
    let version = engine.ask(mode, count).version
    for (sql, milliseconds, error) in [
      ("select nope", 1000, "sql: no such column: nope"),
      ("select x, abs(-9223372036854775807-1) from t", 1000, "sql: integer overflow"),
      (endless, 30, "deadline: the deadline is over"),
      (count, 0, "deadline: the deadline is over"),
      ("delete from t", 1000, "denied: DELETE on t: the database is read only"),
      ("select ?", 1000, "bad-request: the statement has 1 parameter, 0 given"),
    ] {
      #expect(
        engine.ask(mode, sql, milliseconds: milliseconds) == Answer(stringLiteral: error))
      let answer = engine.ask(mode, count)
      #expect(answer == "2\n" && answer.version == version)
    }
    #expect(engine.ask("nope", count) == "no-such-database: no database 'nope' here")
    #expect(engine.ask(mode, count) == "2\n")
    engine.endBatch()
  }

  /// All requests of a batch were there before it began: none of them has to see the new file.
  @Test mutating func aReplacedFileIsSeenByTheNext() throws {
    engine.beginBatch()
    #expect(engine.ask("delete", count) == "2\n")
    try fixture.database("new", "create table t(x)")
    #expect(rename(fixture.file("new"), fixture.file("delete.db")) == 0)
    #expect(engine.ask("delete", count) == "2\n")
    engine.endBatch()
    engine.beginBatch()
    #expect(engine.ask("delete", count) == "0\n")
    engine.endBatch()
  }

  @Test mutating func newsEndIt() throws {
    let writer = try fixture.database("wal.db", "select 1")
    engine.beginBatch()
    let news: [(inout SQLEngine) -> Void] = [
      { $0.rescan() }, { $0.filesChanged(["wal"]) }, { _ = $0.version(of: "wal") },
      { _ = $0.version(of: "nope") },
    ]
    for (index, tell) in news.enumerated() {
      #expect(engine.ask("wal", count) == Answer(stringLiteral: "\(index + 2)\n"))
      try writer.execute("insert into t values(3)")
      tell(&engine)
    }
    engine.endBatch()
  }

  /// As without a batch: what is kept for later gives way.
  @Test mutating func littleMemory() throws {
    var limits = RunLimits()
    limits.memoryBytes = 0
    engine = try fixture.engine(limits)
    engine.beginBatch()
    for name in ["wal", "wal", "delete", "wal", "delete"] {
      #expect(engine.ask(name, count) == "2\n")
      #expect(engine.connections.count == 1)
    }
    engine.endBatch()
  }
}
