internal import Synchronization
internal import Toolkit

/// The right to have the index of a log open, which one file at each path has at a time, for all its
/// connections in this process.
///
/// SQLite finds a log's index, `-shm`, by the database's path, but counts who uses it for each file. Of a
/// file that was replaced and of the new one it would open the same index twice; and to close it for the
/// one gives up all POSIX locks that the process has on it for the other. Then writers overwrite what is
/// being read, or cut the index off below its readers.
final class IndexClaim {
  /// Where an index is. One directory may take the place of another one.
  private struct Place: Hashable {
    let path: [UInt8]
    let directory: FileStatus.Identity?
  }

  /// A log and its index, as they stand beside a file.
  private struct Log: Equatable {
    let log: FileStatus.Identity?
    let index: FileStatus.Identity?
  }

  private struct Holder {
    let file: FileStatus.Identity
    /// What its connections have open, once one has found that there is a log.
    var log: Log?
    /// How many of its connections have the right.
    var count = 0
  }

  private static let holders = Mutex<[Place: Holder]>([:])

  private let place: Place
  private let logPath: [CChar]
  private let indexPath: [CChar]
  private let file: FileStatus.Identity
  private var isHeld = false
  /// What this connection has open.
  private var ownLog: Log?

  /// - Parameter path: where SQLite has opened the file, without symbolic links.
  init(_ path: UnsafePointer<CChar>?, of file: FileStatus.Identity) {
    let path = path.map { String(cString: $0) } ?? ""
    place = Place(
      path: Array(path.utf8), directory: FileStatus(Path.directory(path))?.identity)
    logPath = Array((path + "-wal").utf8CString)
    indexPath = Array((path + "-shm").utf8CString)
    self.file = file
  }

  /// Takes the right, before the connection reads: it may find that there is a log.
  ///
  /// - Returns: whether it has it now. Otherwise another file does, until its connections are closed.
  func take() -> Bool {
    if isHeld { return true }
    isHeld = Self.holders.withLock { holders in
      var holder = holders[place, default: Holder(file: file)]
      guard holder.file == file, holder.log.map({ $0 == logThere }) ?? true else { return false }
      holder.count += 1
      holders[place] = holder
      return true
    }
    return isHeld
  }

  /// Whether the log and the index that the connection has open still stand beside the file: to be asked
  /// when it has found that there is a log.
  ///
  /// As long as it is open nobody who uses SQLite removes them. Who removes them otherwise, before a backup
  /// is copied over the file, leaves this connection with what nobody else reads or writes.
  func hasLogThere() -> Bool {
    guard isHeld else { return true }
    let log = logThere
    if let ownLog { return ownLog == log }
    let shared = Self.holders.withLock { holders in
      let shared = holders[place]?.log ?? log
      holders[place]?.log = shared
      return shared
    }
    ownLog = shared
    return shared == log
  }

  private var logThere: Log {
    Log(log: FileStatus(logPath)?.identity, index: FileStatus(indexPath)?.identity)
  }

  /// Gives it back: there is no log, or the connection is closed.
  func release() {
    guard isHeld else { return }
    isHeld = false
    ownLog = nil
    Self.holders.withLock { holders in
      guard var holder = holders[place] else { return }
      holder.count -= 1
      holders[place] = holder.count == 0 ? nil : holder
    }
  }

  /// Whether another connection's claim keeps this one from the right.
  func isBlocked(by other: IndexClaim) -> Bool {
    other.isHeld && other.place == place && (other.file != file || !other.hasLogThere())
  }
}
