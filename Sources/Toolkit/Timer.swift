internal import CLinux

#if canImport(Glibc)
private import Glibc
#endif

/// Wakes a thread that waits in a poll when a time is over. To set it costs less than to wake that
/// thread so that it waits shorter.
package struct Timer: ~Copyable, Sendable {
  /// For the poll set: readable when the time is over.
  package let descriptor: Descriptor

  package init() throws(ToolError) {
    descriptor = try Descriptor(clinux_timerfd(), "make a timer")
  }

  /// Any thread may. What it was set to before is forgotten.
  /// - Parameter milliseconds: more than 0.
  package func set(milliseconds: Int) {
    // It fails for a time that is none.
    _ = clinux_set_timer(descriptor.number, max(1, milliseconds))
  }

  /// Before looking what the time was for.
  package func answer() {
    var count: UInt64 = 0
    _ = read(descriptor.number, &count, MemoryLayout<UInt64>.size)
  }
}
