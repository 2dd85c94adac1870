/// What only few queries ask for. In an object of its own, so that the others, which are copied often, are
/// no larger for it.
package final class QueryExtras: Sendable {
  /// The name of a first column in which every row has the database's name; nil for none.
  package let databaseColumn: String?
  /// Of several databases, whether those that fail are left out.
  package let skipsFailed: Bool

  /// Nil when nothing is asked for.
  package init?(databaseColumn: String? = nil, skipsFailed: Bool = false) {
    guard databaseColumn != nil || skipsFailed else { return nil }
    self.databaseColumn = databaseColumn
    self.skipsFailed = skipsFailed
  }
}

extension QueryExtras: Equatable {
  package static func == (a: QueryExtras, b: QueryExtras) -> Bool {
    a.databaseColumn == b.databaseColumn && a.skipsFailed == b.skipsFailed
  }
}

extension QueryExtras {
  /// The longest `db-column=`, in bytes.
  package static let maxColumnLength = 255

  /// Reads what a query's line asks for; fails with what its client is to be told.
  static func read(_ line: LineView) throws(Failure) -> QueryExtras? {
    let column = line["db-column"]?.text
    if let column, !(1...maxColumnLength).contains(column.utf8.count) {
      throw Failure(.badRequest, "db-column= is not a name of up to \(maxColumnLength) bytes")
    }
    let skips = line["skip-failed"]
    if let skips, !(skips == "yes") { throw Failure(.badRequest, "skip-failed= is 'yes'") }
    return QueryExtras(databaseColumn: column, skipsFailed: skips != nil)
  }
}

extension Line {
  mutating func append(_ extras: QueryExtras?) {
    guard let extras else { return }
    append("db-column", extras.databaseColumn)
    if extras.skipsFailed { append("skip-failed", "yes") }
  }
}
