import Wire

/// A process that was killed and has not ended: nothing more can be done to it. It waits for a disk
/// that does not answer, or is held by a debugger.
struct Stuck: Sendable {
  /// How long a killed process may take to end, in milliseconds.
  static let patience = 2000
  /// So many of one slot there may be.
  static let maxPerSlot = 3

  let slot: Int
  let child: Child
  /// The event of its end, still without how it ended.
  let exit: Line
}
