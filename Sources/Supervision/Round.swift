/// A restart of children one after another.
struct Round: Sendable {
  /// One of them: a slot, and the generation in it that is old; nil before the first.
  struct Turn: Sendable {
    let slot: Int
    let generation: Int64?
  }

  /// Those that have not had their turn.
  var waiting: [Turn]
  /// Whose successor is to be ready before the next one has its turn.
  var current: Turn?
  /// How many successors were.
  var restarted = 0
}
