internal import Toolkit
internal import Wire

#if canImport(Glibc)
private import Glibc
#endif

/// When the current run has to end.
///
/// SQLite's handlers ask it.
final class RunClock {
  var deadline = Instant.start
  /// Whether nobody waits for the answer any more.
  var isAbandoned: () -> Bool = { false }

  var isOver: Bool { Clock.now() >= deadline || isAbandoned() }

  /// Waits a little for a lock, longer from time to time, but not past the deadline.
  /// - Parameter attempt: counts from 0.
  /// - Returns: whether there is time to try again.
  func waitForLock(_ attempt: Int) -> Bool {
    let left = deadline.microseconds(since: Clock.now())
    guard left > 0, !isAbandoned() else { return false }
    let wait = min(Int64(1 << min(attempt, 4)) * 1000, left)
    usleep(UInt32(clamping: wait))
    return true
  }
}
