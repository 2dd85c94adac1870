import Glibc
import SQLite
import Testing
import Toolkit
import Wire

@testable import SQLEngine

@Suite struct VersionTests {
  private let fixture = Fixture()

  /// Makes the database `a` in a journal mode, and an engine that serves it.
  private func make(_ mode: String) throws -> (writer: Connection, engine: SQLEngine) {
    let writer = try fixture.database(
      "a.db", "pragma journal_mode=\(mode); create table t(x); insert into t values(0)")
    return (writer, try fixture.engine())
  }

  @Test(arguments: ["wal", "delete", "truncate", "persist"])
  func equalWhileNothingIsWritten(mode: String) throws {
    var (writer, first) = try make(mode)
    var second = try fixture.engine()
    let version = first.ask("a", "select * from t").version
    #expect(version?.count == 13)
    for _ in 0..<3 {
      #expect(first.ask("a", "select 1").version == version)
      #expect(second.ask("a", "select * from t").version == version)
      #expect(first.version(of: "a") == version)
    }
    var third = try fixture.engine()
    #expect(third.version(of: "a") == version)
    // After a checkpoint that leaves the log as it is it may be another one, the same for all.
    try writer.execute("pragma wal_checkpoint(passive)")
    let connection = first.connections.newestValue
    #expect(first.version(of: "a") == third.version(of: "a"))
    // Without a log, what was written just now is read once more a second later.
    #expect(mode != "wal" || first.connections.newestValue === connection)
    #expect(first.version(of: "b") == nil)
  }

  @Test(arguments: ["wal", "delete", "truncate", "persist", "memory", "off"])
  func everyCommitChangesIt(mode: String) throws {
    var (writer, engine) = try make(mode)
    var seen: Set<String?> = [engine.version(of: "a")]
    for round in 1...200 {
      try writer.execute("update t set x = \(round)")
      #expect(seen.insert(engine.ask("a", "select x from t").version).inserted)
    }
    try writer.execute("vacuum")
    #expect(!seen.contains(nil))
  }

  /// A step of the file's times is much longer than a round.
  @Test func emptyLogsAreToldApart() throws {
    var (writer, engine) = try make("wal")
    var seen: Set<String?> = []
    for round in 1...200 {
      try writer.execute("update t set x = \(round); pragma wal_checkpoint(truncate)")
      #expect(seen.insert(engine.ask("a", "select x from t").version).inserted)
    }
    #expect(!seen.contains(nil))
  }

  @Test func aReadOfAnEmptyLogKeepsTheFile() throws {
    let (writer, engine) = try make("wal")
    try writer.execute("pragma wal_checkpoint(truncate)")
    var reader = engine
    reader.clock.deadline = Clock.now().adding(milliseconds: 10_000)
    let transaction = try reader.begin("a")
    let before = FileStatus(fixture.file("a.db"))
    try writer.execute("update t set x = 1; pragma wal_checkpoint(passive)")
    #expect(FileStatus(fixture.file("a.db")) == before)
    transaction.database.snapshot.end()
    try writer.execute("pragma wal_checkpoint(passive)")
    #expect(FileStatus(fixture.file("a.db")) != before)
    #expect(reader.version(of: "a") != transaction.version)
  }

  @Test(arguments: ["wal", "delete"])
  func unchangedRunsNothing(mode: String) throws {
    var (writer, engine) = try make(mode)
    let version = engine.version(of: "a")
    let same = engine.ask("a", "no SQL at all", ifVersion: version)
    #expect(same.outcome == .unchanged && same.text.isEmpty && same.version == version)
    #expect(engine.ask("a", "select x from t", ifVersion: "other") == "0\n")
    try writer.execute("update t set x = 1")
    let changed = engine.ask("a", "select x from t", ifVersion: version)
    #expect(changed == "1\n" && changed.version != version)
  }

  @Test func failuresTellWhatTheySaw() throws {
    let (writer, made) = try make("wal")
    var engine = made
    let version = engine.version(of: "a")
    for sql in ["select * from nope", "insert into t values(1)", "select 1; select 2", ""] {
      #expect(engine.ask("a", sql).version == version)
    }
    #expect(engine.ask("a", "select ?1", "[").version == nil)
    #expect(engine.ask("b", "select 1").version == nil)
    #expect(engine.ask("a", "select 1", milliseconds: 0).version == nil)
    withExtendedLifetime(writer) {}
  }

  /// A statement joins the transaction in which the version was taken, and ends it however it ends.
  @Test(arguments: ["wal", "delete"])
  func nothingRemainsOpen(mode: String) throws {
    let (writer, _) = try make(mode)
    var limits = RunLimits()
    limits.answerBytes = 100
    var engine = try fixture.engine(limits)
    let endless =
      "with recursive r(i) as (select 1 union all select i + 1 from r) select count(*) from r, t"
    let expected: [(String, String)] = [
      ("select x from t", "rows"), ("select 1", "rows"), ("", "bad-request"),
      ("select x from t union all select abs(-9223372036854775807-1)", "sql"),
      (endless, "deadline"), ("select x, printf('%.*c', 101, 'x') from t", "too-large"),
      ("select x, zeroblob(100000000) from t", "too-large"),
      ("insert into t values(1)", "denied"), ("select * from nope", "sql"),
      ("select ?1 from t", "bad-request"), ("pragma integrity_check", "rows"),
      ("pragma journal_mode", "rows"), ("pragma data_version", "rows"),
      ("explain select * from t", "too-large"), ("explain query plan select * from t", "rows"),
    ]
    for (sql, what) in expected {
      let answer = engine.ask("a", sql, milliseconds: sql == endless ? 30 : 10_000)
      switch answer.outcome {
      case .rows: #expect(what == "rows", "\(sql)")
      case .failure(let failure): #expect(failure.code.rawValue == what, "\(sql)")
      default: Issue.record("\(sql)")
      }
      try expectNoReader(writer)
      let version = engine.version(of: "a")
      #expect(engine.ask("a", "select 1", ifVersion: version).outcome == .unchanged)
      try expectNoReader(writer)
    }
  }

  /// A reader would be in the way of a commit to the file, or of a checkpoint that empties the log.
  private func expectNoReader(_ writer: Connection) throws {
    try writer.execute("begin exclusive; update t set x = x + 1; commit")
    let checkpoint = try writer.prepare("pragma wal_checkpoint(truncate)")
    #expect(try checkpoint.step())
    guard case .integer(0) = try checkpoint.column(0) else {
      return #expect(Bool(false), "somebody reads")
    }
  }

  @Test func locksAreWaitedForUntilTheDeadline() throws {
    var (writer, engine) = try make("delete")
    #expect(engine.version(of: "a") != nil)
    try writer.execute("begin exclusive")
    // Somebody is writing, and it may be long.
    #expect(engine.version(of: "a") == nil)
    let answer = engine.ask("a", "select 1", milliseconds: 30)
    #expect(answer == "deadline: the deadline is over: database is locked")
    #expect(answer.version == nil)
    // A file that was replaced is not waited for.
    try fixture.database("new", "create table t(x); insert into t values('new')")
    rename(fixture.file("new"), fixture.file("a.db"))
    #expect(engine.ask("a", "select x from t") == "new\n")
    try writer.execute("commit")
  }

  /// Whoever keeps the old file open keeps its log's index in use for the new one.
  @Test func whatWasReplacedIsClosed() throws {
    var (writer, engine) = try make("wal")
    #expect(engine.ask("a", "select x from t") == "0\n")
    engine.filesChanged(["a", "b"])
    #expect(engine.connections.count == 1)
    try writer.execute("pragma wal_checkpoint(truncate)")
    try fixture.database("new", "create table t(x); insert into t values('new')")
    rename(fixture.file("new"), fixture.file("a.db"))
    engine.filesChanged(["a"])
    #expect(engine.connections.count == 0)
    #expect(engine.ask("a", "select x from t") == "new\n")
  }

  /// SQLite would open the index once more for the new file, and to close it for the old one would give up
  /// the locks on it: a writer could overwrite what is being read.
  @Test func noTwoFilesHaveTheIndexOfOnePathOpen() throws {
    let (writer, engine) = try make("wal")
    var (reader, other) = (engine, try fixture.engine())
    #expect(reader.ask("a", "select x from t") == "0\n")
    try writer.execute("pragma wal_checkpoint(truncate)")
    // As large as the old one, so that SQLite takes the index for its own.
    try fixture.database(
      "new", "pragma journal_mode=wal; create table t(x); insert into t values('new')")
    rename(fixture.file("new"), fixture.file("a.db"))
    // It does not wait for long, as others may need the thread.
    let refusal = other.ask("a", "select x from t")
    #expect(
      refusal
        == "busy: the file was replaced, and another query of this process still reads the old one")
    #expect(refusal.retryMilliseconds == 100)
    reader.filesChanged(["a"])
    #expect(other.ask("a", "select x from t") == "new\n")
    #expect(reader.ask("a", "select x from t") == "new\n")
  }

  /// There the index is another one.
  @Test func whatIsInAnotherDirectoryIsInNobodysWay() throws {
    mkdir(fixture.file("v"), 0o755)
    mkdir(fixture.file("w"), 0o755)
    let sql = "pragma journal_mode=wal; create table t(x); insert into t values("
    let files = try [("v/a", "1"), ("w/a", "2")].map { name, value in
      try fixture.database(name, sql + value + "); pragma wal_checkpoint(truncate)")
    }
    symlink(fixture.file("v/a"), fixture.file("a.db"))
    var (reader, other) = (try fixture.engine(), try fixture.engine())
    #expect(reader.ask("a", "select x from t") == "1\n")
    rename(fixture.file("v"), fixture.file("old"))
    rename(fixture.file("w"), fixture.file("v"))
    #expect(other.ask("a", "select x from t") == "2\n")
    #expect(reader.ask("a", "select x from t") == "2\n")
    withExtendedLifetime(files) {}
  }

  @Test func anEngineClosesWhatIsInItsOwnWay() throws {
    let (writer, engine) = try make("wal")
    symlink(fixture.file("a.db"), fixture.file("link.db"))
    var reader = engine
    reader.rescan()
    #expect(reader.ask("link", "select x from t") == "0\n")
    try writer.execute("pragma wal_checkpoint(truncate)")
    try fixture.database(
      "new", "pragma journal_mode=wal; create table t(x); insert into t values('new')")
    rename(fixture.file("new"), fixture.file("a.db"))
    #expect(reader.ask("a", "select x from t") == "new\n")
    #expect(reader.ask("link", "select x from t") == "new\n")
  }

  /// Some statements do not look whether the tables are as they were when they were compiled.
  @Test(arguments: ["delete", "wal"])
  func changesOfTheSchemaAreSeenByEveryStatement(mode: String) throws {
    var (writer, engine) = try make(mode)
    try writer.execute("create table u(y)")
    let statements = ["pragma index_list(t)", "explain query plan select x from t where x = 1"]
    let before = statements.map { engine.ask("a", $0).text }
    try writer.execute("create index i on t(x)")
    for (sql, before) in zip(statements, before) {
      #expect(engine.ask("a", sql).text != before)
    }
  }

  @Test func otherFilesHaveOtherVersions() throws {
    var (writer, engine) = try make("delete")
    var seen: Set<String?> = [engine.version(of: "a")]
    let backup = try Connection(fixture.file("a.db"), .readOnly)
    try backup.execute("vacuum into '\(fixture.file("copy"))'")
    // The same data by another file, and then the bytes of that file over this one.
    rename(fixture.file("copy"), fixture.file("a.db"))
    #expect(seen.insert(engine.version(of: "a")).inserted)
    usleep(20_000)
    var bytes = [UInt8](repeating: 0, count: 8192)
    let file = open(fixture.file("a.db"), O_RDWR)
    let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
    _ = bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, count, 0) }
    #expect(seen.insert(engine.version(of: "a")).inserted)
    #expect(engine.ask("a", "select x from t") == "0\n")
    withExtendedLifetime((writer, backup)) {}
  }

  /// Makes a database whose file may be copied over `a.db`.
  private func makeCopy(_ name: String, _ sql: String) throws -> [UInt8] {
    try fixture.database(name, sql + "; pragma wal_checkpoint(truncate)")
    return fixture.read(name)
  }

  /// SQLite itself would go on with the pages that it has in memory.
  @Test(arguments: ["delete", "wal"])
  func copiesOverAFileAreSeenThoughTheCounterIsTheSame(mode: String) throws {
    let files = try ["monday", "tuesday"].map { day in
      try makeCopy(day, "pragma journal_mode=\(mode); create table t as select '\(day)' as x")
    }
    #expect(files[0][24..<96] == files[1][24..<96])
    fixture.write("a.db", files[0])
    var engine = try fixture.engine()
    var other = try fixture.engine()
    var seen: Set<String?> = []
    for round in 0..<4 {
      fixture.write("a.db", files[round % 2])
      for _ in 0..<2 {
        let answer = engine.ask("a", "select x from t")
        #expect(answer == (round % 2 == 0 ? "monday\n" : "tuesday\n"))
        #expect(other.ask("a", "select x from t") == answer)
        #expect(other.version(of: "a") == answer.version)
        seen.insert(answer.version)
      }
      // More than a step of the file's times.
      usleep(20_000)
    }
    #expect(seen.count == 4 && !seen.contains(nil))
  }

  /// SQLite itself would go on with the tables that it knows.
  @Test func copiesOverAFileAreSeenThoughTheSchemasCookieIsTheSame() throws {
    let first = try makeCopy(
      "1",
      "create table t(x); create table u(x); insert into t values('t'); insert into u values(0)")
    let second = try makeCopy(
      "2",
      "create table u(x); create table t(x); insert into t values('new'); insert into u values(1);"
        + "update u set x = 2")
    #expect(first[24..<28] != second[24..<28] && first[40..<44] == second[40..<44])
    fixture.write("a.db", first)
    var engine = try fixture.engine()
    #expect(engine.ask("a", "select x from t") == "t\n")
    usleep(20_000)
    fixture.write("a.db", second)
    #expect(engine.ask("a", "select x from t") == "new\n")
  }

  /// SQLite goes on with the pages that it has in memory, and others, who have none, mix the new file with
  /// the old log: they are not told apart by that.
  @Test(arguments: ["a", "recovered"])
  func copiesOverAFileBelowALogAreSeen(name: String) throws {
    let copy = try makeCopy("new", "create table t(x, y); insert into t values('new', 1)")
    var (writer, engine) = try make("wal")
    try writer.execute("create table u as select 'old' as x; pragma wal_checkpoint(truncate)")
    try writer.execute("update t set x = 1")
    // As a writer leaves it that was killed: who reads it first makes the index anew.
    for suffix in ["", "-wal"] {
      fixture.write("recovered.db" + suffix, fixture.read("a.db" + suffix))
    }
    let sql = "select x from t union all select name from sqlite_schema"
    let before = engine.ask(name, sql)
    #expect(before == "1\nt\nu\n")
    usleep(20_000)
    fixture.write("\(name).db", copy)
    let after = engine.ask(name, sql)
    var other = try fixture.engine()
    #expect(after == other.ask(name, sql) && after != before)
    #expect(after.version == other.version(of: name) && after.version != before.version)
  }

  /// The counter of changes of the schema is the same by chance, and the log another one: SQLite goes on with
  /// the tables that it knows.
  @Test(arguments: [true, false])
  func tablesOfACopyAreSeenThroughANewLog(isSeenEmpty: Bool) throws {
    func sql(_ first: String, _ second: String, _ value: String) -> String {
      "pragma journal_mode=wal; create table \(first)(x); create table \(second)(x);"
        + "insert into t values('t \(value)'); insert into u values('u \(value)')"
    }
    let copy = try makeCopy("new", sql("u", "t", "new"))
    fixture.write("a.db", try makeCopy("old", sql("t", "u", "old")))
    var engine = try fixture.engine()
    try fixture.database("a.db", "update u set x = 0")
    #expect(engine.ask("a", "select x from t") == "t old\n")
    try fixture.database("a.db", "update u set x = 1")
    #expect(engine.ask("a", "select x from t") == "t old\n")
    try fixture.database("a.db", "pragma wal_checkpoint(truncate)")
    if isSeenEmpty {
      usleep(1_100_000)
      for _ in 0..<2 { #expect(engine.ask("a", "select x from t") == "t old\n") }
    }
    usleep(20_000)
    fixture.write("a.db", copy)
    try fixture.database("a.db", "update u set x = 2")
    #expect(engine.ask("a", "select x from t") == "t new\n")
  }

  /// That is how some restore a backup. SQLite would read on in the log that has no name any more.
  @Test(arguments: [["a.db-wal", "a.db-shm"], ["a.db-shm"], ["a.db-wal"]])
  func aLogThatWasRemovedIsReadNoMore(files: [String]) throws {
    let backup = try makeCopy(
      "b", "pragma journal_mode=wal; create table t(x); insert into t values('backup')")
    fixture.write("a.db", backup)
    var (engine, other) = (try fixture.engine(), try fixture.engine())
    try fixture.database("a.db", "insert into t values('later')")
    let sql = "select group_concat(x) from t"
    for _ in 0..<2 {
      #expect(engine.ask("a", sql).text.hasPrefix("backup,later"))
      #expect(other.ask("a", sql).text.hasPrefix("backup,later"))
      try fixture.database("a.db", "insert into t values('too')")
    }
    for file in files { unlink(fixture.file(file)) }
    fixture.write("a.db", backup)
    // In one process a file has one index, until all have closed it.
    let refusal = engine.ask("a", sql)
    #expect(
      refusal
        == "busy: the file was replaced, and another query of this process still reads the old one")
    other.filesChanged(["a"])
    #expect(other.connections.count == 0)
    // Where the log was left SQLite takes it for the file's.
    let expected = files.contains("a.db-wal") ? "backup" : "backup,later,too,too"
    #expect(engine.ask("a", sql).text == expected + "\n")
    try fixture.database("a.db", "insert into t values('new')")
    #expect(engine.ask("a", sql).text == expected + ",new\n")
    #expect(other.ask("a", sql) == engine.ask("a", sql))
    #expect(other.version(of: "a") == engine.version(of: "a"))
  }

  /// What is still being written may change without another time: it is read anew when that is over.
  @Test(arguments: ["delete", "wal"])
  func whatWasWrittenJustNowIsReadOnceMore(mode: String) throws {
    _ = try makeCopy("a.db", "pragma journal_mode=\(mode); create table t(x)")
    var engine = try fixture.engine()
    let version = engine.version(of: "a")
    let first = engine.connections.newestValue
    #expect(engine.version(of: "a") == version)
    #expect(engine.connections.newestValue === first)
    usleep(1_100_000)
    #expect(engine.version(of: "a") != nil)
    let second = engine.connections.newestValue
    #expect(second !== first)
    #expect(engine.ask("a", "select count(*) from t") == "0\n")
    #expect(engine.connections.newestValue === second)
  }

  @Test func journalModesMayChange() throws {
    var (writer, engine) = try make("delete")
    var seen: Set<String?> = [engine.version(of: "a")]
    // Nobody may have it open for the way back.
    for mode in ["wal", "delete", "wal", "persist", "wal"] {
      engine = try fixture.engine()
      try writer.execute("pragma journal_mode=\(mode)")
      for _ in 0..<3 {
        try writer.execute("update t set x = x + 1")
        #expect(seen.insert(engine.version(of: "a")).inserted)
      }
    }
    #expect(engine.ask("a", "select x from t") == "15\n")
    // And under an engine that has it open.
    try fixture.database("b.db", "create table t(x)")
    #expect(engine.ask("b", "pragma journal_mode") == "delete\n")
    let other = try fixture.database("b.db", "pragma journal_mode=wal; insert into t values(1)")
    #expect(engine.ask("b", "select x from t") == "1\n")
    let version = engine.version(of: "b")
    try other.execute("insert into t values(2)")
    #expect(engine.version(of: "b") != version && version != nil)
  }

  @Test func watchesWhereSQLiteWrites() throws {
    let elsewhere = Fixture()
    try elsewhere.database("one", "create table t(x)")
    try elsewhere.database("two", "create table t(x)")
    try fixture.database("a.db", "create table t(x)")
    symlink(elsewhere.file("one"), fixture.file("link.db"))
    var engine = try fixture.engine()
    let own = ["", "-wal", "-journal"].map { fixture.file("a.db") + $0 }
    func files(_ target: String) -> [String: String] {
      var files = [fixture.file("link.db"): "link"]
      for path in own { files[path] = "a" }
      for suffix in ["", "-wal", "-journal"] { files[elsewhere.file(target) + suffix] = "link" }
      return files
    }
    #expect(engine.watchedFiles == files("one"))
    let revision = engine.revision
    symlink(elsewhere.file("two"), fixture.file("new"))
    rename(fixture.file("new"), fixture.file("link.db"))
    engine.rescan()
    #expect(engine.watchedFiles == files("two") && engine.revision != revision)
  }
}
