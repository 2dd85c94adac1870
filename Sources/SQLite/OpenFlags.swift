internal import CSQLite

/// How a database is opened.
package struct OpenFlags: OptionSet, Sendable {
  package let rawValue: Int32

  package init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  package static let readOnly = OpenFlags(rawValue: SQLITE_OPEN_READONLY)
  package static let readWrite = OpenFlags(rawValue: SQLITE_OPEN_READWRITE)
  /// Together with `readWrite`.
  package static let create = OpenFlags(rawValue: SQLITE_OPEN_CREATE)
}
