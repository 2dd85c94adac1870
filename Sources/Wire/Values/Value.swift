/// A value as SQLite knows it.
///
/// Text is bytes: a database may hold TEXT that is not UTF-8, and none of it is lost.
package enum Value: Equatable, Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text([UInt8])
  case blob([UInt8])

  package static func text(_ string: String) -> Value { .text(Array(string.utf8)) }
}
