/// What a supervisor is told on its command line.
package struct Settings: Sendable {
  /// The most children that one supervisor has.
  package static let maxChildren = 512

  /// Its own name; its children are `NAME-1` to `NAME-n`.
  package var name: String
  /// How many children there are to be.
  package var count: Int
  /// How long a child that was told to end may take for it.
  package var graceMilliseconds: Int

  package init(name: String, count: Int, graceMilliseconds: Int) {
    self.name = name
    self.count = count
    self.graceMilliseconds = graceMilliseconds
  }

  /// The name of the child in a slot, which are counted from 0.
  package func childName(_ slot: Int) -> String { "\(name)-\(slot + 1)" }
}
