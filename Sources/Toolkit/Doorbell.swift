internal import CLinux

#if canImport(Glibc)
private import Glibc
#endif

/// Wakes a thread that waits in a poll. However often it was rung, it is answered once.
package struct Doorbell: ~Copyable, Sendable {
  /// For the poll set: readable when it was rung.
  package let descriptor: Descriptor

  package init() throws(ToolError) {
    descriptor = try Descriptor(clinux_eventfd(), "make an eventfd")
  }

  /// Any thread may.
  package func ring() {
    var one: UInt64 = 1
    // It fails when the bell has been rung 2^64 times, and then it rings all the same.
    _ = write(descriptor.number, &one, MemoryLayout<UInt64>.size)
  }

  /// Before looking what the ringing was about.
  package func answer() {
    var count: UInt64 = 0
    _ = read(descriptor.number, &count, MemoryLayout<UInt64>.size)
  }
}
