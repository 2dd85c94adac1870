internal import CSQLite

/// What SQLite refused, in its own words.
package struct SQLiteError: Error, Equatable, CustomStringConvertible {
  /// The extended result code; its lowest byte is the primary one.
  package let extendedCode: Int32
  /// SQLite's own message.
  package let message: String
  /// The byte of the SQL that the error is about, when SQLite knows it.
  package let offset: Int?
  /// The `errno` of the operating system's call that failed; 0 when none did.
  package let systemCode: Int32

  package var code: ResultCode { ResultCode(rawValue: extendedCode & 0xff) }

  /// Whether a read-only connection has found the journal of a transaction that nobody seems to be
  /// working at, and that has to be rolled back first.
  ///
  /// It is mistaken when a writer removes its journal just now.
  package var saysJournalIsHot: Bool { extendedCode == Int32(CSQLITE_READONLY_ROLLBACK) }

  package var description: String { message }

  /// The error of the call that has just failed on a connection.
  static func last(_ connection: OpaquePointer) -> SQLiteError {
    let offset = sqlite3_error_offset(connection)
    return SQLiteError(
      extendedCode: sqlite3_extended_errcode(connection),
      message: String(cString: sqlite3_errmsg(connection)),
      offset: offset < 0 ? nil : Int(offset),
      systemCode: sqlite3_system_errno(connection))
  }

  /// An error of which there is only the code, and perhaps a message.
  init(_ code: Int32, message: String? = nil) {
    extendedCode = code
    self.message = message ?? String(cString: sqlite3_errstr(code))
    offset = nil
    systemCode = 0
  }

  private init(extendedCode: Int32, message: String, offset: Int?, systemCode: Int32) {
    self.extendedCode = extendedCode
    self.message = message
    self.offset = offset
    self.systemCode = systemCode
  }
}
