import Glibc
import SQLite
import Testing
import Wire

@testable import SQLEngine

@Suite struct CatalogTests {
  private let fixture = Fixture()

  @Test func listsADirectory() throws {
    try fixture.database("proj.db", "create table t(a)")
    try fixture.database("a.b.sqlite", "create table t(a)")
    try fixture.database("plain", "create table t(a)")
    try fixture.database(".hidden.db", "create table t(a)")
    let elsewhere = Fixture()
    try elsewhere.database("x", "create table t(a); insert into t values(5)")
    symlink(elsewhere.file("x"), fixture.file("link.db"))
    symlink("/nonexistent", fixture.file("dangling.db"))
    mkfifo(fixture.file("fifo.db"), 0o600)
    mkdir(fixture.file("dir.db"), 0o700)
    fixture.write("readme.txt", Array("hello, hello, hello".utf8))
    fixture.write("notes.db", Array("hello, hello, hello".utf8))
    fixture.write("short.db", Array("SQLite".utf8))
    fixture.write("empty.db", [])
    fixture.write("proj.db-wal", [])
    fixture.write("proj.db-journal", [])
    fixture.write("twice.db", [])
    try fixture.database("twice.sqlite", "create table t(a)")
    var engine = try fixture.engine()
    #expect(
      engine.databases == [
        ServedDatabase(name: "a.b"), ServedDatabase(name: "empty", error: "file is empty"),
        ServedDatabase(name: "link"),
        ServedDatabase(name: "notes", error: "file is not a database"),
        ServedDatabase(name: "plain"), ServedDatabase(name: "proj"),
        ServedDatabase(name: "short", error: "file is not a database"),
        ServedDatabase(name: "twice", error: "both 'twice.db' and 'twice.sqlite' have this name"),
      ])
    #expect(engine.ask("link", "select a from t") == "5\n")
    #expect(
      engine.ask("notes", "select 1") == "sql: 'notes' cannot be opened: file is not a database")
    #expect(
      engine.ask("twice", "select 1")
        == "sql: 'twice' cannot be opened: both 'twice.db' and 'twice.sqlite' have this name")
    unlink(fixture.file("twice.db"))
    #expect(engine.ask("twice", "select count(*) from t") == "0\n")
  }

  @Test func revisionChangesWithTheListOnly() throws {
    try fixture.database("a.db", "create table t(a)")
    var engine = try fixture.engine()
    let first = engine.revision
    try fixture.database("a.db", "insert into t values(1)")
    engine.rescan()
    #expect(engine.ask("a", "select a from t") == "1\n")
    #expect(engine.revision == first)
    try fixture.database("b.db", "create table t(a)")
    #expect(engine.ask("b", "select count(*) from t") == "0\n")
    #expect(engine.revision != first && engine.databases.count == 2)
    let second = engine.revision
    unlink(fixture.file("a.db"))
    #expect(engine.ask("a", "select 1") == "no-such-database: no database 'a' here")
    #expect(engine.revision != second && engine.databases == [ServedDatabase(name: "b")])
  }

  @Test func replacedFilesAreReopened() throws {
    try fixture.database("a.db", "create table t(x); insert into t values('old')")
    var engine = try fixture.engine()
    #expect(engine.ask("a", "select x from t") == "old\n")
    for round in 0..<20 {
      try fixture.database("a.new", "create table t(x); insert into t values(\(round))")
      rename(fixture.file("a.new"), fixture.file("a.db"))
      #expect(engine.ask("a", "select x from t") == Answer(stringLiteral: "\(round)\n"))
    }
  }

  @Test func aReplacedFileIsRefusedBesideAnOldLog() throws {
    let writer = try fixture.database(
      "a.db", "pragma journal_mode=wal; create table t(x); insert into t values('old')")
    var engine = try fixture.engine()
    #expect(engine.ask("a", "select x from t") == "old\n")
    try fixture.database("b.new", "create table t(x); insert into t values('new')")
    rename(fixture.file("b.new"), fixture.file("a.db"))
    let refusal: Answer =
      "sql: 'a' cannot be opened: the file was replaced, and the old one's '-wal' with content stands beside it"
    #expect(engine.ask("a", "select x from t") == refusal)
    engine.rescan()
    #expect(engine.ask("a", "select x from t") == refusal)
    #expect(engine.databases.first?.error != nil)
    unlink(fixture.file("a.db-wal"))
    unlink(fixture.file("a.db-shm"))
    #expect(engine.ask("a", "select x from t") == "new\n")
    #expect(engine.databases.first?.error == nil)
    withExtendedLifetime(writer) {}
  }

  @Test func linksMayLeadElsewhere() throws {
    let sql = "pragma journal_mode=wal; create table t(x); insert into t values('"
    let elsewhere = Fixture()
    let first = try elsewhere.database("1", sql + "one')")
    let second = try elsewhere.database("2", sql + "two')")
    symlink(elsewhere.file("1"), fixture.file("a.db"))
    var engine = try fixture.engine()
    #expect(engine.ask("a", "select x from t") == "one\n")
    symlink(elsewhere.file("2"), fixture.file("a.new"))
    rename(fixture.file("a.new"), fixture.file("a.db"))
    #expect(engine.ask("a", "select x from t") == "two\n")
    withExtendedLifetime((first, second)) {}
  }

  @Test func brokenFilesAreReadAgainWhenRepaired() throws {
    try fixture.database("a.db", "create table t(x); insert into t values('good')")
    var engine = try fixture.engine()
    #expect(engine.ask("a", "select x from t") == "good\n")
    let descriptor = open(fixture.file("a.db"), O_RDWR)
    var saved = [UInt8](repeating: 0, count: 8192)
    _ = saved.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    let junk = [UInt8](repeating: 0x55, count: 8192)
    _ = junk.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    #expect(engine.ask("a", "select x from t") == "sql: file is not a database")
    _ = saved.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    #expect(engine.ask("a", "select x from t") == "good\n")
    // Past the header, so that it looks like a database; and without what was read before.
    engine = try fixture.engine()
    _ = junk.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, 4096, 4096) }
    #expect(engine.ask("a", "select x from t") == "sql: database disk image is malformed")
    _ = saved.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    #expect(engine.ask("a", "select x from t") == "good\n")
    close(descriptor)
  }

  @Test func whatADeadWriterHasLeftIsToldUntilItIsRolledBack() throws {
    let writer = try fixture.database("a.db", "create table t(x); insert into t values('good')")
    try writer.execute("pragma cache_spill=1; pragma cache_size=1; begin; update t set x = 'bad'")
    try writer.execute("create table u as select zeroblob(20000) as x")
    let (bytes, journal) = (fixture.read("a.db"), fixture.read("a.db-journal"))
    try writer.execute("rollback")
    fixture.write("b.db", bytes)
    fixture.write("b.db-journal", journal)
    var engine = try fixture.engine()
    #expect(
      engine.ask("b", "select x from t")
        == "sql: 'b' cannot be read: a writer has died, and its '-journal' is to be rolled back by opening the database for writing"
    )
    #expect(engine.version(of: "b") == nil)
    try fixture.database("b.db", "select * from t")
    #expect(engine.ask("b", "select x from t") == "good\n")
  }

  @Test func unusableFilesAreUsedOnceTheyAreGood() throws {
    fixture.write("a.db", [])
    var engine = try fixture.engine()
    #expect(engine.ask("a", "select 1") == "sql: 'a' cannot be opened: file is empty")
    let revision = engine.revision
    try fixture.database("a.db", "create table t(x)")
    #expect(engine.ask("a", "select count(*) from t") == "0\n")
    #expect(engine.revision != revision)
  }

  @Test func aFileMayGetAnotherSpellingOfItsName() throws {
    try fixture.database("\u{e9}.db", "create table t(x)")
    var engine = try fixture.engine()
    #expect(engine.ask("\u{e9}", "select count(*) from t") == "0\n")
    rename(fixture.file("\u{e9}.db"), fixture.file("e\u{301}.db"))
    #expect(engine.ask("\u{e9}", "select count(*) from t") == "0\n")
    engine.rescan()
    #expect(engine.databases == [ServedDatabase(name: "e\u{301}")])
    #expect(engine.ask("e\u{301}", "select count(*) from t") == "0\n")
  }

  @Test func permissions() throws {
    guard geteuid() != 0 else { return }
    try fixture.database("a.db", "create table t(x)")
    chmod(fixture.file("a.db"), 0)
    var engine = try fixture.engine()
    #expect(engine.databases == [ServedDatabase(name: "a", error: "Permission denied")])
    chmod(fixture.file("a.db"), 0o600)
    #expect(engine.ask("a", "select count(*) from t") == "0\n")
  }

  @Test func singleFiles() throws {
    try fixture.database("a.db", "create table t(x)")
    fixture.write("bad.db", Array("hello, hello, hello".utf8))
    var engine = try SQLEngine(directory: nil, files: [fixture.file("a.db")])
    #expect(engine.ask("a", "select count(*) from t") == "0\n")
    var both = try SQLEngine(directory: fixture.path, files: [fixture.file("a.db")])
    #expect(both.ask("a", "select count(*) from t") == "0\n")
    for (file, why) in [
      ("none.db", "No such file or directory"), ("bad.db", "file is not a database"),
      (".", "not a regular file"),
    ] {
      let error = #expect(throws: OpenError.self) {
        try SQLEngine(directory: nil, files: [fixture.file(file)])
      }
      #expect(error?.description == "open \(fixture.file(file)): \(why)")
    }
    unlink(fixture.file("a.db"))
    #expect(engine.ask("a", "select 1") == "no-such-database: no database 'a' here")
  }

  @Test func aDirectoryMayGo() throws {
    let error = #expect(throws: OpenError.self) { try SQLEngine(directory: "/nonexistent/data") }
    #expect(error?.description == "open /nonexistent/data: No such file or directory")
    try fixture.database("a.db", "create table t(x)")
    var engine = try fixture.engine()
    rename(fixture.path, fixture.path + ".away")
    engine.rescan()
    #expect(engine.databases.isEmpty)
    rename(fixture.path + ".away", fixture.path)
    engine.rescan()
    #expect(engine.databases.count == 1)
  }

  @Test func unusualNames() throws {
    // Of an accent at the beginning `String` makes one character with the slash before it.
    let names = [
      "file:x?mode=memory", "n\u{e9} e", "a'b", "c d\n", "%41", ":memory:", "\u{301}x",
    ]
    for name in names {
      try fixture.database(name + ".db", "create table t as select 1 as x")
    }
    var engine = try fixture.engine()
    #expect(engine.databases.count == names.count)
    for name in names { #expect(engine.ask(name, "select x from t") == "1\n") }
    #expect(Set(engine.databases.map(\.name)) == Set(names))
    #expect(engine.watchedFiles.keys.contains(fixture.path + "/\u{301}x.db"))
  }

  /// What is written there could not be watched, nor the log of a file that was replaced be noticed.
  @Test func aPathThatIsNoTextIsRefused() throws {
    let target =
      Array((fixture.path + "/caf").utf8CString.dropLast()) + [CChar(bitPattern: 0xe9), 0]
    mkdir(target, 0o700)
    try fixture.database("good", "create table t(x)")
    let file = target.dropLast() + Array("/a.db".utf8CString)
    rename(fixture.file("good"), Array(file))
    symlink(Array(file), fixture.file("a.db"))
    let why = "its path, without symbolic links, is not UTF-8"
    var engine = try fixture.engine()
    #expect(engine.databases == [ServedDatabase(name: "a", error: why)])
    #expect(
      engine.ask("a", "select 1") == Answer(stringLiteral: "sql: 'a' cannot be opened: \(why)"))
    let error = #expect(throws: OpenError.self) {
      try SQLEngine(directory: nil, files: [fixture.file("a.db")])
    }
    #expect(error?.why == why)
    // The file remains what it is.
    rename(target, fixture.file("cafe"))
    unlink(fixture.file("a.db"))
    symlink(fixture.file("cafe/a.db"), fixture.file("a.db"))
    #expect(engine.ask("a", "select count(*) from t") == "0\n")
    engine.rescan()
    #expect(engine.databases == [ServedDatabase(name: "a", error: nil)])
  }

  /// The system's link to a file that was removed leads there, but what it says is another path.
  @Test func aFileThatIsNeverTheRightOneIsWaitedFor() throws {
    try fixture.database("old", "create table t(x)")
    let old = open(fixture.file("old"), O_RDONLY)
    defer { close(old) }
    unlink(fixture.file("old"))
    try fixture.database("old (deleted)", "create table t(x)")
    symlink("/proc/\(getpid())/fd/\(old)", fixture.file("a.db"))
    var engine = try fixture.engine()
    let before = processorMilliseconds()
    #expect(
      engine.ask("a", "select 1", milliseconds: 1000)
        == "deadline: the deadline is over: whenever the file was opened, its path led to another one"
    )
    #expect(processorMilliseconds() - before < 300)
  }

  /// What this thread has used.
  private func processorMilliseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }

  /// To close a descriptor of a file gives up SQLite's locks on it.
  @Test func rescansKeepLocks() throws {
    try fixture.database("a.db", "pragma journal_mode=wal; create table t(x)")
    let descriptor = open(fixture.file("a.db"), O_RDWR)
    defer { close(descriptor) }
    #expect(!isLocked(descriptor))
    var engine = try fixture.engine()
    #expect(engine.ask("a", "select count(*) from t") == "0\n")
    #expect(isLocked(descriptor))
    chmod(fixture.file("a.db"), 0o640)
    var other = try fixture.engine()
    engine.rescan()
    other.rescan()
    #expect(isLocked(descriptor))
  }

  /// Whether anybody, this process too, has locked any of a file's bytes.
  private func isLocked(_ descriptor: Int32) -> Bool {
    /// Linux's F_OFD_GETLK, which sees this process's own locks too.
    let query: Int32 = 36
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    return fcntl(descriptor, query, &lock) == 0 && lock.l_type != F_UNLCK
  }
}
