/// The options that one of the tools that query has besides those of all.
package protocol ToolOptions {
  /// Those that have a value, with their dashes.
  var names: [String] { get }
  /// Whether the tool has something to do without a query.
  var needNoQuery: Bool { get }
  /// Takes one of `names`.
  mutating func take(_ name: String, _ value: String) throws(Invocation.Mistake)
  /// Takes an option without a value; false when there is none of this name.
  mutating func take(flag name: String) -> Bool
}
