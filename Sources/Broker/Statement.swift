/// What the loop needs to pass a request on and to answer it, and what the broker needs to know of
/// that: whether it is the same as another one, or like it. The hashes need to be equal for equal bytes
/// within one process only.
package protocol Statement: AnyObject {
  /// Of the SQL without what could be its parameters: its literals. Equal to `textHash` when it has none.
  var shapeHash: UInt64 { get }
  /// Of the SQL.
  var textHash: UInt64 { get }
  /// Of the parameters.
  var parametersHash: UInt64 { get }
  /// Takes a series apart: into its requests from one on, so many together, the last ones may be fewer.
  func members(from first: Int, by size: Int) -> [any Statement]
  /// Whether it is a part of what was taken in already: no bound refuses it.
  var isPart: Bool { get }
  /// Of a part, what its client calls the whole.
  var wholeID: String? { get }
  /// How the SQL begins, for people.
  var excerpt: String { get }
}

extension Statement {
  package var wholeID: String? { nil }
}

/// Where the loop finds a result as a worker rendered it.
package struct Body {
  package let owner: AnyObject
  package let index: Int

  package init(owner: AnyObject, index: Int) {
    self.owner = owner
    self.index = index
  }
}
