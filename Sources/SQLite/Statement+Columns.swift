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
    let index = Int32(truncatingIfNeeded: column)
    switch sqlite3_column_type(handle, index) {
    case SQLITE_NULL: return .null
    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, index))
    case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, index))
    case SQLITE_TEXT:
      guard let bytes = sqlite3_column_text(handle, index) else { throw SQLiteError(SQLITE_NOMEM) }
      // The count after the text: asked before, it could be that of another encoding.
      return .text(
        UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, index))))
    default:
      let bytes = sqlite3_column_blob(handle, index)
      let count = Int(sqlite3_column_bytes(handle, index))
      // An empty BLOB has no address; one that has bytes lacks it only without memory.
      guard bytes != nil || count == 0 else { throw SQLiteError(SQLITE_NOMEM) }
      return .blob(UnsafeRawBufferPointer(start: bytes, count: count))
    }
  }
}
