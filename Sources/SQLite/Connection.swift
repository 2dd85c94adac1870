internal import CSQLite

/// A connection to a database.
///
/// It belongs to one thread at a time.
///
/// It ends after the last of its statements, which hold it.
package final class Connection {
  let handle: OpaquePointer
  // SQLite holds these without counting.
  var progressHandler: ProgressHandler?
  var busyHandler: BusyHandler?
  var authorizer: Authorizer?

  /// Runs what closes the database, which it is given; by default at once.
  package var closing: (_ close: () -> Void) -> Void = { $0() }

  /// Opens the file at a path; fails when SQLite cannot.
  ///
  /// Many builds of SQLite, Debian's among them, read a path that begins with `file:` as a URI, and
  /// `:memory:` is a database without a file.
  package init(_ path: String, _ flags: OpenFlags) throws(SQLiteError) {
    Memory.prepare
    var handle: OpaquePointer?
    let code = sqlite3_open_v2(path, &handle, flags.rawValue | SQLITE_OPEN_NOMUTEX, nil)
    guard let handle else { throw SQLiteError(SQLITE_NOMEM) }
    guard code == SQLITE_OK else {
      // A handle comes with most errors too: it has the message.
      let error = SQLiteError.last(handle)
      sqlite3_close_v2(handle)
      throw error
    }
    sqlite3_extended_result_codes(handle, 1)
    self.handle = handle
  }

  deinit {
    let handle = handle
    closing { sqlite3_close_v2(handle) }
  }

  func check(_ code: Int32) throws(SQLiteError) {
    guard code == SQLITE_OK else { throw .last(handle) }
  }

  /// Runs statements that have no parameters, and ignores their rows.
  package func execute(_ sql: String) throws(SQLiteError) {
    try check(sqlite3_exec(handle, sql, nil, nil, nil))
  }

  /// Sets a bound, and returns the one before; SQLite's own compiled bounds are not exceeded.
  @discardableResult
  package func setLimit(_ limit: Limit, _ value: Int) -> Int {
    Int(sqlite3_limit(handle, limit.category, Int32(clamping: value)))
  }

  package func set(_ option: Option, _ isOn: Bool) throws(SQLiteError) {
    try check(csqlite_set_flag(handle, option.code, isOn ? 1 : 0))
  }

  /// Gives back what memory can be had back without closing: the pages that no statement uses.
  package func releaseMemory() {
    sqlite3_db_release_memory(handle)
  }

  /// Compiles the first statement of the SQL.
  ///
  /// - Parameters:
  ///   - sql: UTF-8; what is behind a NUL is not looked at.
  ///   - isKept: whether the statement is to be run often.
  /// - Returns: the statement, nil when there is none before the first semicolon; and how many
  ///   bytes of the SQL it took.
  /// - Throws: when SQLite cannot compile it, or the authorizer does not allow it.
  package func prepare(
    _ sql: UnsafeRawBufferPointer, isKept: Bool = false
  ) throws(SQLiteError) -> (statement: Statement?, length: Int) {
    let text = sql.assumingMemoryBound(to: CChar.self)
    guard let start = text.baseAddress else { return (nil, 0) }
    guard let count = Int32(exactly: text.count) else { throw SQLiteError(SQLITE_TOOBIG) }
    var statement: OpaquePointer?
    var tail: UnsafePointer<CChar>?
    let flags = isKept ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
    try check(sqlite3_prepare_v3(handle, start, count, flags, &statement, &tail))
    let length = tail.map { $0 - start } ?? text.count
    return (statement.map { Statement($0, of: self) }, length)
  }

  /// Compiles the first statement of the SQL, which must have one.
  package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
    var sql = sql
    let result = sql.withUTF8 { bytes in
      Result { () throws(SQLiteError) in try prepare(UnsafeRawBufferPointer(bytes)) }
    }
    guard let statement = try result.get().statement else { throw SQLiteError(SQLITE_MISUSE) }
    return statement
  }
}
