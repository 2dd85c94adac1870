internal import CSQLite

extension Connection {
  /// Loads a library of functions, virtual tables and the like into this connection.
  ///
  /// - Parameter path: with a slash in it; otherwise the system looks for it where libraries are.
  package func loadExtension(_ path: String) throws(SQLiteError) {
    // Only the call in C is allowed, never SQL's function, and that only for now.
    try set(.loadExtension, true)
    var text: UnsafeMutablePointer<CChar>?
    let code = sqlite3_load_extension(handle, path, nil, &text)
    defer { sqlite3_free(text) }
    try set(.loadExtension, false)
    guard code == SQLITE_OK else {
      throw SQLiteError(code, message: text.map { String(cString: $0) })
    }
  }
}
