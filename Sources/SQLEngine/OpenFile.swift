internal import Synchronization

/// Says, until it has closed it, that SQLite has a file open in some thread of this process.
///
/// To close a file gives up all POSIX locks that the process has on it, also those that SQLite took
/// through another descriptor, and then two processes may write at once. So nobody else opens a
/// file that SQLite has open.
final class OpenFile {
  /// Held by whoever closes a file until that is done.
  private final class Gate: Sendable {
    let lock = Mutex(())
  }

  private struct Uses {
    var open = 0
    /// Of those that are closing it.
    var gates: [Gate] = []
  }

  private static let files = Mutex<[FileStatus.Identity: Uses]>([:])

  private let identity: FileStatus.Identity
  private var isClosed = false

  init(_ identity: FileStatus.Identity) {
    self.identity = identity
    Self.files.withLock { $0[identity, default: Uses()].open += 1 }
  }

  /// Runs what closes the file. Whoever looks whether it is closed waits for that.
  ///
  /// A file that was removed gives its number back when it is closed: a new one that gets it must not
  /// count as open.
  func closing(_ close: () -> Void) {
    let gate = Gate()
    gate.lock.withLock { _ in
      change {
        $0.open -= 1
        $0.gates.append(gate)
      }
      close()
      change { $0.gates.removeAll { $0 === gate } }
    }
    isClosed = true
  }

  deinit {
    if !isClosed { change { $0.open -= 1 } }
  }

  private func change(_ body: (inout Uses) -> Void) {
    Self.files.withLock { files in
      var uses = files[identity, default: Uses()]
      body(&uses)
      files[identity] = uses.open == 0 && uses.gates.isEmpty ? nil : uses
    }
  }

  /// Runs what opens and closes a file, if SQLite does not have it open, and keeps SQLite from
  /// opening it meanwhile.
  static func ifClosed<Result: Sendable>(
    _ identity: FileStatus.Identity, _ body: () -> Result
  ) -> Result? {
    while true {
      let (result, gate) = files.withLock { files -> (Result?, Gate?) in
        guard let uses = files[identity] else { return (body(), nil) }
        return (nil, uses.open == 0 ? uses.gates.first : nil)
      }
      guard let gate else { return result }
      gate.lock.withLock { _ in }
    }
  }
}
