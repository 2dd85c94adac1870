internal import CSQLite

// Parameters are counted from 1.
extension Statement {
  /// The highest number of a parameter.
  package var parameterCount: Int { Int(sqlite3_bind_parameter_count(handle)) }

  /// The name with its `:`, `@`, `$` or `?`; nil for a plain `?`.
  package func parameterName(_ parameter: Int) -> String? {
    sqlite3_bind_parameter_name(handle, Int32(clamping: parameter)).map { String(cString: $0) }
  }

  package func bindNull(_ parameter: Int) throws(SQLiteError) {
    try check(sqlite3_bind_null(handle, Int32(clamping: parameter)))
  }

  package func bind(_ number: Int64, to parameter: Int) throws(SQLiteError) {
    try check(sqlite3_bind_int64(handle, Int32(clamping: parameter), number))
  }

  package func bind(_ number: Double, to parameter: Int) throws(SQLiteError) {
    try check(sqlite3_bind_double(handle, Int32(clamping: parameter), number))
  }

  /// Binds TEXT, which SQLite copies and does not check.
  package func bindText(
    _ bytes: UnsafeRawBufferPointer, to parameter: Int
  ) throws(SQLiteError) {
    try withAddress(bytes) { start throws(SQLiteError) in
      try check(
        sqlite3_bind_text64(
          handle, Int32(clamping: parameter), start.assumingMemoryBound(to: CChar.self),
          UInt64(bytes.count), Self.copying, UInt8(SQLITE_UTF8)))
    }
  }

  /// Binds a BLOB, which SQLite copies.
  package func bindBlob(
    _ bytes: UnsafeRawBufferPointer, to parameter: Int
  ) throws(SQLiteError) {
    try withAddress(bytes) { start throws(SQLiteError) in
      try check(
        sqlite3_bind_blob64(
          handle, Int32(clamping: parameter), start, UInt64(bytes.count), Self.copying))
    }
  }

  /// Makes all parameters NULL.
  package func clearParameters() {
    sqlite3_clear_bindings(handle)
  }

  private func check(_ code: Int32) throws(SQLiteError) {
    try connection.check(code)
  }

  /// No bytes may come without an address, which SQLite would take for NULL.
  private func withAddress(
    _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawPointer) throws(SQLiteError) -> Void
  ) throws(SQLiteError) {
    try body(bytes.baseAddress ?? UnsafeRawPointer(handle))
  }

  /// SQLITE_TRANSIENT, which is -1 as a function.
  private static var copying: sqlite3_destructor_type {
    unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  }
}
