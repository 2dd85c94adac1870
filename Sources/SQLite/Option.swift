internal import CSQLite

/// What can be switched on and off for each connection.
package struct Option: Sendable {
  let code: Int32

  /// Refuses what could corrupt the file by SQL alone.
  package static let defensive = Option(code: SQLITE_DBCONFIG_DEFENSIVE)
  /// Lets `Connection.loadExtension` work; never the SQL function, which an authorizer or
  /// SQLite itself refuses.
  package static let loadExtension = Option(code: SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION)
}
