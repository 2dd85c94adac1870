package import Wire

/// What happens to a supervisor.
package enum Input: Equatable, Sendable {
  /// It is to start.
  case begin
  /// What `Effect.spawn` asked for was done.
  case spawned(slot: Int, generation: Int64, pid: Int32)
  /// What `Effect.spawn` asked for was not possible. The generation is used up.
  case spawnFailed(slot: Int, generation: Int64, SpawnFailure)
  /// A child said something.
  case noticed(pid: Int32, Notice)
  /// A signal has stopped a child.
  case suspended(pid: Int32)
  /// A child that was stopped goes on.
  case resumed(pid: Int32)
  /// A process has ended: a child, or one that a child has left behind.
  case exited(pid: Int32, Ending)
  /// Somebody wants the supervisor to end: the first time with grace, the second time at once.
  case stopRequested
  /// Somebody wants every child to be restarted, without an outage.
  case restartRequested
  /// Somebody wants one child more.
  case oneMoreRequested
  /// Somebody wants one child fewer.
  case oneFewerRequested
  /// What supervises this supervisor is gone.
  case orphaned
  /// Time has passed.
  case tick
  /// `Notice.aliveMilliseconds` have passed at most since the last pulse, unless this process was
  /// itself held up, and all that the children have said until now was told.
  case pulse
}
