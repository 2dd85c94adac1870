internal import CSQLite

/// One of SQLite's primary result codes.
package struct ResultCode: RawRepresentable, Equatable, Sendable {
  package let rawValue: Int32

  package init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// A mistake in the SQL, or what has no code of its own.
  package static let error = ResultCode(rawValue: SQLITE_ERROR)
  /// Another connection holds a lock.
  package static let busy = ResultCode(rawValue: SQLITE_BUSY)
  package static let noMemory = ResultCode(rawValue: SQLITE_NOMEM)
  /// The progress handler, or another thread, has said stop.
  package static let interrupt = ResultCode(rawValue: SQLITE_INTERRUPT)
  package static let ioError = ResultCode(rawValue: SQLITE_IOERR)
  package static let corrupt = ResultCode(rawValue: SQLITE_CORRUPT)
  package static let cannotOpen = ResultCode(rawValue: SQLITE_CANTOPEN)
  /// A value or the SQL is longer than the limit.
  package static let tooBig = ResultCode(rawValue: SQLITE_TOOBIG)
  /// The authorizer has said no.
  package static let denied = ResultCode(rawValue: SQLITE_AUTH)
  package static let notADatabase = ResultCode(rawValue: SQLITE_NOTADB)
}
