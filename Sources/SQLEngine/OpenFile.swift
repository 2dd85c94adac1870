internal import Synchronization

/// Says, for as long as it lives, that SQLite has a file open in some thread of this process.
///
/// To close a file gives up all POSIX locks that the process has on it, also those that SQLite took
/// through another descriptor, and then two processes may write at once. So nobody else opens a
/// file that SQLite has open.
final class OpenFile {
  private static let counts = Mutex<[FileStatus.Identity: Int]>([:])

  private let identity: FileStatus.Identity
  private var isClosed = false

  init(_ identity: FileStatus.Identity) {
    self.identity = identity
    Self.counts.withLock { $0[identity, default: 0] += 1 }
  }

  /// Runs what closes the file; to others that happens at once with this object's end.
  ///
  /// In between, a new file could get the number of one that was removed, and count as open.
  func closing(_ close: () -> Void) {
    Self.counts.withLock { counts in
      close()
      forget(&counts)
    }
    isClosed = true
  }

  deinit {
    if !isClosed { Self.counts.withLock { forget(&$0) } }
  }

  private func forget(_ counts: inout [FileStatus.Identity: Int]) {
    let count = counts[identity, default: 1] - 1
    counts[identity] = count == 0 ? nil : count
  }

  /// Runs what opens and closes a file, if SQLite does not have it open, and keeps SQLite from
  /// opening it meanwhile.
  static func ifClosed<Result: Sendable>(
    _ identity: FileStatus.Identity, _ body: () -> Result
  ) -> Result? {
    counts.withLock { counts in counts[identity] == nil ? body() : nil }
  }
}
