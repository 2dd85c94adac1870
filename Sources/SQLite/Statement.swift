internal import CSQLite

#if canImport(Glibc)
private import Glibc
#endif

/// A compiled statement.
///
/// It belongs to its connection's thread.
package final class Statement {
  let handle: OpaquePointer
  let connection: Connection

  init(_ handle: OpaquePointer, of connection: Connection) {
    self.handle = handle
    self.connection = connection
  }

  deinit {
    sqlite3_finalize(handle)
  }

  /// Whether it cannot change the database.
  ///
  /// Also said of `ATTACH`, `BEGIN` and their like; an EXPLAIN is what the explained statement is.
  package var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }

  package var columnCount: Int { Int(sqlite3_column_count(handle)) }

  package func columnName(_ column: Int) -> String {
    sqlite3_column_name(handle, Int32(column)).map { String(cString: $0) } ?? ""
  }

  /// In bytes, all together.
  package var columnNamesSize: Int {
    (0..<columnCount).reduce(0) { sum, column in
      sum + (sqlite3_column_name(handle, Int32(column)).map(strlen) ?? 0)
    }
  }

  /// How often SQLite has compiled it again since the schema has changed.
  ///
  /// Columns change with it.
  package var recompilations: Int {
    Int(sqlite3_stmt_status(handle, SQLITE_STMTSTATUS_REPREPARE, 0))
  }

  /// Goes to the next row.
  /// - Returns: whether there is one.
  package func step() throws(SQLiteError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw .last(connection.handle)
    }
  }

  /// Ends a run, however it went, and gives back its locks.
  ///
  /// The parameters remain bound.
  package func reset() {
    // The result is the last step's error, which `step` has thrown.
    sqlite3_reset(handle)
  }
}
