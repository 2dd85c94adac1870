import SQLite
import Testing
import Toolkit
import Wire

@testable import SQLEngine

@Suite struct RunTests {
  private let fixture = Fixture()
  private var engine: SQLEngine

  init() throws {
    try fixture.database(
      "proj.db",
      """
      create table t(id integer primary key, name text, score real, data blob);
      insert into t values(1, 'one', 1.5, x'00ff'), (2, NULL, -1e300, x''), (3, '', 2, NULL);
      insert into t values(9223372036854775807, cast(x'ff41' as text), 9e999, zeroblob(1));
      """)
    engine = try fixture.engine()
  }

  @Test mutating func rendersEachFormat() {
    let sql = "select * from t order by id"
    #expect(
      engine.ask("proj", sql, format: .json) == #"""
        {"id":1,"name":"one","score":1.5,"data":{"$base64":true,"encoded":"AP8="}}
        {"id":2,"name":null,"score":-1e+300,"data":{"$base64":true,"encoded":""}}
        {"id":3,"name":"","score":2.0,"data":null}
        {"id":9223372036854775807,"name":{"$base64":true,"type":"text","encoded":"/0E="},"score":9e999,"data":{"$base64":true,"encoded":"AA=="}}

        """#)
    #expect(
      engine.ask("proj", "select id, name, score, data from t where id < 4", format: .csv)
        == "id,name,score,data\r\n1,one,1.5,00ff\r\n2,,-1e+300,\"\"\r\n3,\"\",2.0,\r\n")
    #expect(engine.ask("proj", "select * from t where id=2") == "2\t\\N\t-1e+300\t\\x\n")
    #expect(engine.ask("proj", "select 1 as a, 2 as a where 0", format: .csv) == "a,a\r\n")
    #expect(engine.ask("proj", "select 1 as a, 2 as a", format: .json) == "{\"a\":1,\"a:2\":2}\n")
    #expect(engine.ask("proj", sql).outcome == .rows(4))
  }

  /// In each row JSON says the names of all columns, and a `*` may multiply them.
  @Test(arguments: Format.allCases)
  mutating func namesOfColumnsAreBounded(format: Format) throws {
    func sql(_ length: Int, times count: Int, _ rest: String = "where 0") -> String {
      let name = String(repeating: "\u{1}", count: length)
      return "with a as (select 1 as \"\(name)\") select * from "
        + (0..<count).map { "a a\($0)" }.joined(separator: ",") + " " + rest
    }
    let answer = engine.ask("proj", sql(1000, times: 60), format: format)
    #expect(answer.outcome == .rows(0))
    let refusal: Answer = "too-large: the names of the columns have more than 1048576 bytes"
    #expect(engine.ask("proj", sql(900_000, times: 2), format: format) == refusal)
    #expect(engine.ask("proj", sql(20_000, times: 60), format: format) == refusal)
    // Rows of nothing but names, and the header, are part of the answer.
    var limits = RunLimits()
    limits.answerBytes = 10_000
    engine = try fixture.engine(limits)
    let large = engine.ask("proj", sql(1000, times: 11, ""), format: format)
    switch format {
    case .json, .csv: #expect(large == "too-large: the answer is larger than 10000 bytes")
    case .tsv: #expect(large.outcome == .rows(1))
    }
    let header = engine.ask("proj", sql(1000, times: 11), format: format)
    if format == .csv {
      #expect(header == "too-large: the answer is larger than 10000 bytes")
    } else {
      #expect(header == "")
    }
  }

  /// Only the latest few of so long names are kept, apart from their statements.
  @Test mutating func longNamesAreThoseOfTheirStatements() throws {
    let writer = try fixture.database("proj.db", "create table w(x); insert into w values(1)")
    func name(_ number: Int) -> String { "\(number)" + String(repeating: "n", count: 2000) }
    for _ in 0..<2 {
      for number in 0..<20 {
        let sql = "select x as \"\(name(number))\" from w"
        for _ in 0..<2 {
          #expect(
            engine.ask("proj", sql, format: .json)
              == Answer(stringLiteral: "{\"\(name(number))\":1}\n"))
          #expect(
            engine.ask("proj", sql, format: .csv)
              == Answer(stringLiteral: "\(name(number))\r\n1\r\n"))
        }
      }
    }
    for number in 0..<3 {
      try writer.execute("drop table w; create table w(\"\(name(number))\", y)")
      try writer.execute("insert into w values(1, 2)")
      let expected = Answer(stringLiteral: "{\"\(name(number))\":1,\"y\":2}\n")
      for _ in 0..<2 {
        #expect(engine.ask("proj", "select * from w", format: .json) == expected)
      }
    }
  }

  @Test mutating func parametersRoundTrip() {
    let all =
      #"[null,-9223372036854775808,0.1,"é\u0000",{"$base64":true,"encoded":"AP8="},{"$base64":true,"type":"text","encoded":"/w=="},-9e999]"#
    #expect(
      engine.ask("proj", "select ?1 a,?2 b,?3 c,?4 d,?5 e,?6 f,?7 g", all, format: .json)
        == #"""
        {"a":null,"b":-9223372036854775808,"c":0.1,"d":"é\u0000","e":{"$base64":true,"encoded":"AP8="},"f":{"$base64":true,"type":"text","encoded":"/w=="},"g":-9e999}

        """#)
  }

  @Test mutating func parametersMustMatch() {
    #expect(
      engine.ask("proj", "select ?,?", "[1]")
        == "bad-request: the statement has 2 parameters, 1 given")
    #expect(
      engine.ask("proj", "select ?", "[1,2]")
        == "bad-request: the statement has 1 parameter, 2 given")
    #expect(
      engine.ask("proj", "select 1", "[1]")
        == "bad-request: the statement has 0 parameters, 1 given")
    #expect(engine.ask("proj", "select ?") == "bad-request: the statement has 1 parameter, 0 given")
    #expect(engine.ask("proj", "select :a,@b,$c,:a", #"{"a":1,"@b":2,"c":3}"#) == "1\t2\t3\t1\n")
    #expect(engine.ask("proj", "select :a,@b", "[1,2]") == "1\t2\n")
    #expect(engine.ask("proj", "select :a,@a", #"{"a":1}"#) == "1\t1\n")
    #expect(engine.ask("proj", "select :a,@a", #"{":a":1,"@a":2}"#) == "1\t2\n")
    #expect(
      engine.ask("proj", "select :\u{e9},:e\u{301}", "{\"\u{e9}\":1,\"e\u{301}\":2}") == "1\t2\n")
    #expect(
      engine.ask("proj", "select :a", #"{"a":1,"b":2}"#)
        == "bad-request: the statement has no parameter 'b'")
    #expect(
      engine.ask("proj", "select :a,:b", #"{"a":1}"#) == "bad-request: parameter ':b' is not given")
    #expect(
      engine.ask("proj", "select :a", #"{"a":1,":a":2}"#)
        == "bad-request: parameter ':a' is given twice")
    #expect(
      engine.ask("proj", "select ?", #"{"a":1}"#)
        == "bad-request: the statement has no parameter 'a'")
    #expect(
      engine.ask("proj", "select ?", "{}")
        == "bad-request: parameter 1 has no name: give the parameters as an array")
    #expect(engine.ask("proj", "select ?1", #"{"?1":5}"#) == "5\n")
    #expect(
      engine.ask("proj", "select 1", "[1,")
        == "bad-request: parameters: the end instead of a value at byte 3")
    // What was bound before does not remain.
    #expect(engine.ask("proj", "select ?", "[7]") == "7\n")
    #expect(engine.ask("proj", "select ?", "[null]") == "\\N\n")
  }

  @Test mutating func oneStatement() {
    #expect(engine.ask("proj", " ; -- x\n/* y */ select 1 ; ; -- z\n /* w") == "1\n")
    let two = engine.ask("proj", "select 1; select 2")
    #expect(two == "bad-request: more than one statement" && two.offset == 10)
    #expect(engine.ask("proj", "") == "bad-request: no statement")
    #expect(engine.ask("proj", " ;-- x") == "bad-request: no statement")
    #expect(
      engine.ask("proj", [0x73, 0, 0x31]) == "bad-request: the statement has a NUL at byte 1")
    #expect(engine.ask("proj", [0x73, 0xff]) == "bad-request: the statement is not UTF-8")
    let long = "select '" + String(repeating: "x", count: 1 << 20) + "'"
    #expect(engine.ask("proj", long) == "too-large: the statement is longer than 1048576 bytes")
    #expect(engine.ask("proj", "select 1; drop table t") == "bad-request: more than one statement")
  }

  @Test mutating func errorsSayWhere() {
    let missing = engine.ask("proj", "select * from nope")
    #expect(missing == "sql: no such table: nope" && missing.offset == nil)
    let shifted = engine.ask("proj", "/* é */ select x")
    #expect(shifted == "sql: no such column: x" && shifted.offset == 16)
    #expect(engine.ask("proj", "selec") == "sql: near \"selec\": syntax error")
    #expect(engine.ask("proj", "select abs(-9223372036854775807-1)") == "sql: integer overflow")
    #expect(engine.ask("proj", "select 'x").outcome != nil)
    #expect(engine.ask("../proj", "select 1") == "no-such-database: no database '../proj' here")
    #expect(engine.ask("proj.db", "select 1") == "no-such-database: no database 'proj.db' here")
    #expect(engine.ask("", "select 1") == "no-such-database: no database '' here")
  }

  @Test mutating func deadline() {
    let endless =
      "with recursive r(i) as (select 1 union all select i + 1 from r) select count(*) from r"
    let start = Clock.now()
    #expect(
      engine.ask("proj", endless, milliseconds: 50) == "deadline: the deadline is over")
    #expect(Clock.now().microseconds(since: start) < 1_000_000)
    #expect(
      engine.ask("proj", "select 1", milliseconds: 0) == "deadline: the deadline is over")
    #expect(engine.ask("proj", "select 1") == "1\n")
  }

  @Test mutating func locksAreWaitedFor() throws {
    let writer = try fixture.database("proj.db", "begin exclusive")
    #expect(
      engine.ask("proj", "select 1 from t", milliseconds: 60)
        == "deadline: the deadline is over: database is locked")
    try writer.execute("commit")
    #expect(engine.ask("proj", "select count(*) from t") == "4\n")
  }

  @Test mutating func noLockRemains() throws {
    #expect(
      engine.ask("proj", "select id from t union all select abs(-9223372036854775807-1)")
        == "sql: integer overflow")
    #expect(engine.ask("proj", "select * from t").outcome == .rows(4))
    try fixture.database(
      "proj.db", "begin exclusive; insert into t values(5,'five',5,NULL); commit")
    #expect(engine.ask("proj", "select name from t where id=5") == "five\n")
  }

  @Test mutating func answersAreBounded() throws {
    var limits = RunLimits()
    limits.answerBytes = 1000
    limits.valueBytes = 100_000
    engine = try fixture.engine(limits)
    #expect(engine.ask("proj", "select printf('%.*c', 900, 'x')").outcome == .rows(1))
    #expect(
      engine.ask("proj", "select printf('%.*c', 1001, 'x')")
        == "too-large: the answer is larger than 1000 bytes")
    #expect(
      engine.ask(
        "proj", "with recursive r(i) as (select 1 union all select i + 1 from r) select i from r")
        == "too-large: the answer is larger than 1000 bytes")
    #expect(engine.ask("proj", "select zeroblob(100001)") == "too-large: string or blob too big")
    let big = "[\"" + String(repeating: "x", count: 100_001) + "\"]"
    #expect(engine.ask("proj", "select length(?)", big) == "too-large: string or blob too big")
    #expect(engine.ask("proj", "select 1") == "1\n")
  }

  @Test mutating func schemaChanges() throws {
    let sql = "select * from t where id=1"
    #expect(engine.ask("proj", sql, format: .csv) == "id,name,score,data\r\n1,one,1.5,00ff\r\n")
    try fixture.database("proj.db", "alter table t add column more default 7")
    #expect(
      engine.ask("proj", sql, format: .csv) == "id,name,score,data,more\r\n1,one,1.5,00ff,7\r\n")
    try fixture.database("proj.db", "alter table t rename to u")
    #expect(engine.ask("proj", sql, format: .csv) == "sql: no such table: t")
  }

  @Test mutating func manyStatementsAndDatabases() throws {
    var limits = RunLimits()
    limits.statements = 3
    limits.connections = 2
    for name in ["a", "b", "c"] {
      try fixture.database(name + ".db", "create table n as select '\(name)' as x")
    }
    engine = try fixture.engine(limits)
    for round in 0..<50 {
      for name in ["a", "b", "c"] {
        #expect(
          engine.ask(name, "select x, \(round % 7) from n")
            == Answer(stringLiteral: "\(name)\t\(round % 7)\n"))
      }
    }
  }

  /// What is kept for later never keeps a request from running.
  @Test mutating func littleMemoryKeepsLittle() throws {
    var limits = RunLimits()
    limits.memoryBytes = 0
    for name in ["a", "b", "c"] {
      try fixture.database(name + ".db", "create table n as select '\(name)' as x")
    }
    engine = try fixture.engine(limits)
    for name in ["a", "b", "c", "c", "a"] {
      #expect(engine.ask(name, "select x from n") == Answer(stringLiteral: "\(name)\n"))
      #expect(engine.connections.count == 1)
    }
  }

  @Test mutating func rowsAreBounded() throws {
    var limits = RunLimits()
    limits.rows = 4
    engine = try fixture.engine(limits)
    #expect(engine.ask("proj", "select id from t").outcome == .rows(4))
    #expect(
      engine.ask("proj", "select id from t union all select 0") == "too-large: more than 4 rows")
    #expect(engine.ask("proj", "select id from t").outcome == .rows(4))
  }

  /// Bounds that SQLite counts, whatever a build of it allows.
  @Test mutating func statementsAreBounded() throws {
    func repeated(_ text: String, _ count: Int) -> String {
      String(repeating: text, count: count)
    }
    let cases: [(String, Int, String, String)] = [
      ("select 0", 998, " + 1", "sql: Expression tree is too large (maximum depth 1000)"),
      ("select 1", 499, " union all select 1", "sql: too many terms in compound SELECT"),
    ]
    for (start, count, more, error) in cases {
      #expect(engine.ask("proj", start + repeated(more, count)).text.hasSuffix("\n"))
      #expect(engine.ask("proj", start + repeated(more, count + 2)) == Answer(stringLiteral: error))
    }
    let pattern = "select 'x' like ?1"
    #expect(engine.ask("proj", pattern, "[\"\(repeated("x", 50_000))\"]") == "0\n")
    #expect(
      engine.ask("proj", pattern, "[\"\(repeated("x", 50_001))\"]")
        == "sql: LIKE or GLOB pattern too complex")
  }
}
