internal import CSQLite

/// A value of the current row.
///
/// Its bytes are valid until the statement's next step or reset.
package enum Column {
  case null
  case integer(Int64)
  case real(Double)
  /// Converted to UTF-8 if the database is UTF-16, but never checked.
  case text(UnsafeRawBufferPointer)
  case blob(UnsafeRawBufferPointer)
}

extension Statement {
  /// The value of a column of the current row.
  ///
  /// Fails when there is no memory to convert it.
  package func column(_ column: Int) throws(SQLiteError) -> Column {
    // That a value is not protected matters only to those that share a connection among threads; the
    // functions for columns look for a mutex each time.
    let value = sqlite3_column_value(handle, Int32(truncatingIfNeeded: column))
    switch sqlite3_value_type(value) {
    case SQLITE_NULL: return .null
    case SQLITE_INTEGER: return .integer(sqlite3_value_int64(value))
    case SQLITE_FLOAT: return .real(sqlite3_value_double(value))
    case SQLITE_TEXT:
      guard let bytes = sqlite3_value_text(value) else { throw SQLiteError(SQLITE_NOMEM) }
      // The count after the text: asked before, it could be that of another encoding.
      return .text(
        UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_value_bytes(value))))
    default:
      let bytes = sqlite3_value_blob(value)
      let count = Int(sqlite3_value_bytes(value))
      // An empty BLOB has no address; one that has bytes lacks it only without memory.
      guard bytes != nil || count == 0 else { throw SQLiteError(SQLITE_NOMEM) }
      return .blob(UnsafeRawBufferPointer(start: bytes, count: count))
    }
  }
}
