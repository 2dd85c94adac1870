/// The values to bind to a statement.
package enum Parameters: Equatable, Sendable {
  /// For `?1`, `?2`, … in order.
  case positional([Value])
  /// By name, with or without its `:`, `@` or `$`.
  case named([(name: String, value: Value)])

  /// So many are read at most: Debian's SQLite lets no statement have more.
  package static let maxCount = 250_000

  package static let none = Parameters.positional([])

  package static func == (a: Parameters, b: Parameters) -> Bool {
    switch (a, b) {
    case (.positional(let a), .positional(let b)): a == b
    case (.named(let a), .named(let b)): a.elementsEqual(b, by: ==)
    default: false
    }
  }
}
