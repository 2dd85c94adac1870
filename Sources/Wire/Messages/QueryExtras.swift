/// What only few queries ask for. In an object of its own, so that the others, which are copied often, are
/// no larger for it.
package final class QueryExtras: Sendable {
  /// The name of a first column in which every row has the database's name; nil for none.
  package let databaseColumn: String?
  /// Of several databases, whether those that fail are left out.
  package let skipsFailed: Bool
  /// The query on several databases of which this is a part.
  package let whole: Whole?

  /// For workers: what a part of a query on several databases says of that. Its `db=` is one database's
  /// name, whatever is in it.
  package struct Whole: Equatable, Sendable {
    /// The router's number of it.
    package var number: UInt64
    /// Whether its worker cannot run the part itself, so that it must not be given back.
    package var isKept: Bool

    package init(number: UInt64, isKept: Bool) {
      self.number = number
      self.isKept = isKept
    }
  }

  /// Nil when nothing is asked for.
  package init?(databaseColumn: String? = nil, skipsFailed: Bool = false, whole: Whole? = nil) {
    guard databaseColumn != nil || skipsFailed || whole != nil else { return nil }
    self.databaseColumn = databaseColumn
    self.skipsFailed = skipsFailed
    self.whole = whole
  }
}

extension QueryExtras: Equatable {
  package static func == (a: QueryExtras, b: QueryExtras) -> Bool {
    a.databaseColumn == b.databaseColumn && a.skipsFailed == b.skipsFailed && a.whole == b.whole
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
    var whole: Whole?
    if let value = line["part-of"] {
      guard let number = value.uint64 else {
        throw Failure(.badRequest, "part-of= is not a number")
      }
      whole = Whole(number: number, isKept: line["keep"] != nil)
    }
    return QueryExtras(databaseColumn: column, skipsFailed: skips != nil, whole: whole)
  }
}

extension Line {
  mutating func append(_ extras: QueryExtras?) {
    guard let extras else { return }
    append("db-column", extras.databaseColumn)
    if extras.skipsFailed { append("skip-failed", "yes") }
    append("part-of", extras.whole?.number)
    if extras.whole?.isKept ?? false { append("keep", "yes") }
  }
}
