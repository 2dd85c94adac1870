internal import SQLite
internal import Wire

/// An open database with its compiled statements.
final class Database {
  /// About every 30 µs: an interruption is soon noticed, and costs a few permille.
  private static let progressSteps = 1000
  /// Longer statements are compiled each time: they hardly come again, and would fill memory.
  private static let maxKeptBytes = 16_384

  /// SQLite's own, which builds of it may have raised.
  private static let statementLimits: [(Limit, Int)] = [
    (.expressionDepth, 1000), (.compoundSelects, 500), (.patternLength, 50_000),
  ]

  /// What it is asked for by.
  let name: String
  let identity: FileStatus.Identity
  let path: String
  /// How the file was found to be its name's, and at which of the catalog's changes.
  var sighting: (status: FileStatus, changes: Int)?
  let policy = ReadPolicy()
  let snapshot: Snapshot
  let index: IndexClaim
  let clock: RunClock
  private let connection: Connection
  private let largeWriters: LargeWriters
  private let maxSQLBytes: Int
  /// What of it is kept in memory at most, in bytes; nil once SQLite was told so.
  private var cacheBytes: Int?
  private var statements: LRUCache<Int, PreparedStatement>

  init(
    _ entry: CatalogEntry, _ extensions: [Extension], clock: RunClock, limits: RunLimits,
    _ largeWriters: LargeWriters
  ) throws(SQLiteError) {
    identity = entry.status.identity
    name = entry.name
    path = entry.path
    self.clock = clock
    self.largeWriters = largeWriters
    maxSQLBytes = limits.sqlBytes
    cacheBytes = limits.cacheBytes
    statements = LRUCache(capacity: limits.statements)
    let file = OpenFile(identity)
    connection = try Connection(path, .readOnly)
    let index = IndexClaim(connection.path, of: identity)
    self.index = index
    connection.closing = { close in
      file.closing(close)
      index.release()
    }
    try connection.set(.defensive, true)
    for library in extensions { try library.load(into: connection) }
    try connection.set(.loadExtension, false)
    connection.setLimit(.length, limits.valueBytes)
    connection.setLimit(.attached, 0)
    connection.setLimit(.workerThreads, 0)
    for (limit, value) in Self.statementLimits { connection.setLimit(limit, value) }
    try connection.execute("PRAGMA query_only = 1; PRAGMA temp_store = memory")
    connection.authorize(policy.allows)
    connection.onProgress(every: Self.progressSteps) { clock.isOver }
    let (path, identity) = (path, identity)
    // Whoever has locked a file that was replaced is not waited for.
    connection.onBusy { clock.waitForLock($0) && FileStatus(path)?.identity == identity }
    snapshot = try Snapshot(of: connection)
  }

  /// Whether SQLite has opened the file that was looked at before: a link may have been changed, or
  /// a file renamed, in between.
  var hasRightFile: Bool {
    connection.path.flatMap { FileStatus($0) }?.identity == identity && !connection.isMoved
  }

  /// To be called in a transaction: SQLite reads the schema before it sets the size of its cache.
  func setCacheSize() {
    guard let bytes = cacheBytes else { return }
    policy.allowsAll = true
    defer { policy.allowsAll = false }
    do throws(SQLiteError) {
      try connection.execute("PRAGMA cache_size = -\(bytes / 1024)")
      cacheBytes = nil
    } catch {
      // A schema that cannot be read: the statement that is next finds that out too, and says so.
    }
  }

  func isOf(_ entry: CatalogEntry) -> Bool {
    entry.status.identity == identity && entry.path == path && entry.problem == nil
  }

  /// Gives back the pages of the file that no statement uses.
  func releasePages() {
    connection.releaseMemory()
  }

  /// Gives back the compiled statements.
  func releaseStatements() {
    statements.removeAll()
  }

  /// A statement of this text, compiled now or before.
  func statement(_ sql: UnsafeRawBufferPointer) throws(RunError) -> PreparedStatement {
    if let newest = statements.newestValue, newest.isOf(sql) { return newest }
    var hasher = Hasher()
    hasher.combine(bytes: sql)
    let key = hasher.finalize()
    if let known = statements.use(key), known.isOf(sql) { return known }
    try StatementText.check(sql, maxBytes: maxSQLBytes)
    let prepared = try prepare(sql)
    if sql.count <= Self.maxKeptBytes { statements.insert(prepared, for: key) }
    return prepared
  }

  private func prepare(_ sql: UnsafeRawBufferPointer) throws(RunError) -> PreparedStatement {
    let start = StatementText.start(sql, from: 0)
    guard start < sql.count else { throw .refused(.badRequest, "no statement") }
    let (compiled, end) = try compile(sql, from: start)
    guard let compiled else { throw .refused(.badRequest, "no statement") }
    let next = StatementText.start(sql, from: end)
    guard next == sql.count else {
      throw .refused(.badRequest, "more than one statement", offset: next)
    }
    if !compiled.isReadOnly && !policy.asksForJournalMode {
      policy.deniesWrites = true
      defer { policy.deniesWrites = false }
      _ = try compile(sql, from: start)
      throw .refused(.denied, "the statement writes, and the database is read only")
    }
    return PreparedStatement(compiled, sql: Array(sql), start: start, largeWriters)
  }

  /// - Returns: the statement and where in the SQL it ends.
  private func compile(
    _ sql: UnsafeRawBufferPointer, from start: Int
  ) throws(RunError) -> (Statement?, end: Int) {
    let (statement, length) = try wrapping(offset: start) { () throws(SQLiteError) in
      try connection.prepare(UnsafeRawBufferPointer(rebasing: sql[start...]), isKept: true)
    }
    return (statement, start + length)
  }
}
