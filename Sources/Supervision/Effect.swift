package import Wire

/// What a supervisor wants done, in this order.
package enum Effect: Equatable, Sendable {
  case publish(Line)
  /// Tell the operator what was refused, and why.
  case report(what: String, why: String)
  /// Start the child of a slot, with a generation that was never used before, and answer with
  /// `Input.spawned` or `Input.spawnFailed`.
  case spawn(slot: Int)
  /// Send a signal to the process group of a child, but HUP to the child alone, which takes it.
  case signal(group: Int32, Deed)
  /// Tell the own supervisor that everything is ready.
  case sayReady
  /// All is over. No effect follows.
  case finish(Result)

  package enum Deed: Equatable, Sendable {
    case terminate
    case kill
    case hangUp
  }

  package enum Result: Equatable, Sendable {
    case stopped
    /// Nothing could be started at all: the command is wrong.
    case cannotStart(SpawnFailure)
  }
}
