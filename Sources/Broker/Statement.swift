/// What the broker needs to know of a request that it passes on: whether it is the same as another
/// one. The hashes need to be equal for equal bytes within one process only.
package protocol Statement {
  /// Of the SQL.
  var textHash: UInt64 { get }
  /// Of the parameters.
  var parametersHash: UInt64 { get }
  /// How the SQL begins, for people.
  var excerpt: String { get }
}
