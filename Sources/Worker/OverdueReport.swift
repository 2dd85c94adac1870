internal import Toolkit
internal import Wire

#if canImport(Glibc)
private import Glibc
#endif

/// A worker's last words: that a run, or a look at a database's version, could not be interrupted.
///
/// Nothing here allocates or waits: whatever runs may hold malloc's locks, for ever.
struct OverdueReport: Sendable {
  private static let capacity = 512

  /// `xodb-worker: run job `
  private let start: [UInt8]
  private let look: [UInt8]

  init() {
    start = Array(Diagnostics.line("run job ").dropLast().prefix(Self.capacity / 2))
    let milliseconds = Watchdog.lookMilliseconds + Watchdog.graceMilliseconds
    look = Diagnostics.line("look at a database's version: after \(milliseconds) ms it is not done")
  }

  func print(_ overdue: Watchdog.Overdue) {
    guard let attempt = overdue.attempt else {
      return look.withUnsafeBytes { Self.print($0) }
    }
    let cause: StaticString =
      switch overdue.cause {
      case .deadline: ": 500 ms after its deadline it could not be interrupted\n"
      case .cancellation: ": 500 ms after its cancellation it could not be interrupted\n"
      case .replacement: ": 500 ms after its router was replaced it could not be interrupted\n"
      case .separation: ": 500 ms after its router was lost it could not be interrupted\n"
      }
    // Small enough to lie on the stack.
    withUnsafeTemporaryAllocation(byteCount: Self.capacity, alignment: 1) { buffer in
      var count = 0
      func append(_ byte: UInt8) {
        buffer[count] = byte
        count += 1
      }
      for byte in start { append(byte) }
      var divisor: UInt64 = 1
      while attempt.job / divisor >= 10 { divisor *= 10 }
      while divisor > 0 {
        append(UInt8(ascii: "0") + UInt8(attempt.job / divisor % 10))
        divisor /= 10
      }
      cause.withUTF8Buffer { for byte in $0 { append(byte) } }
      Self.print(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  private static func print(_ text: UnsafeRawBufferPointer) {
    // Where nobody reads there may be no room, and no end to the waiting for it.
    var room = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    if poll(&room, 1, 0) > 0 { _ = write(STDERR_FILENO, text.baseAddress, text.count) }
  }
}
