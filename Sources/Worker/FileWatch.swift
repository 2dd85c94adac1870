internal import Synchronization
internal import Toolkit
internal import Wire

#if canImport(Glibc)
private import Glibc
#endif

/// Sees, by inotify, when the files of databases are written to, come and go.
///
/// Any thread may say which; the one that listens looks.
final class FileWatch: Sendable {
  /// One look takes so many pieces of what the kernel holds, at most; the rest can wait there.
  private static let maxPieces = 64

  /// For the poll set: readable when something has happened in a directory.
  let descriptor: Descriptor
  private let table = Mutex(WatchTable())
  /// The directories of which it has been said that they cannot be watched.
  private let reported = Mutex<Set<String>>([])
  /// Not sooner is anything watched.
  private let begin: Instant
  private let hasBegun: Atomic<Bool>

  /// - Parameter delayMilliseconds: a process that ends while it watches something takes the kernel
  ///   10 to 30 ms more; so one that may be meant to end at once does not begin so early. Meanwhile it
  ///   sees changes when it is asked.
  init(delayMilliseconds: Int = 0) throws(ToolError) {
    begin = Clock.now().adding(milliseconds: delayMilliseconds)
    hasBegun = Atomic(delayMilliseconds == 0)
    descriptor = try Descriptor.inotify("files")
  }

  /// Watches these from now on: the database by each file's absolute path without symbolic links.
  func watch(_ files: [String: String]) {
    table.withLock { table in
      for watch in table.replace(files) { inotify_rm_watch(descriptor.number, watch) }
      addMissing(&table, isLate: false)
    }
  }

  /// Tries again to watch the directories that were not there.
  func retry() {
    guard Clock.now() >= begin else { return }
    let isLate = hasBegun.exchange(true, ordering: .relaxed)
    table.withLock { addMissing(&$0, isLate: isLate) }
  }

  private func addMissing(_ table: inout WatchTable, isLate: Bool) {
    guard hasBegun.load(ordering: .relaxed) else { return }
    let mask = IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF
    for directory in table.unwatched {
      let flags = IN_ONLYDIR | IN_EXCL_UNLINK
      let watch = inotify_add_watch(descriptor.number, directory, UInt32(mask | flags))
      if watch >= 0 {
        table.add(watch, of: directory, isLate: isLate)
        reported.withLock { _ = $0.remove(directory) }
      } else {
        let error = ToolError.system("watch \(directory)")
        if reported.withLock({ $0.insert(directory).inserted }) { Diagnostics.report(error) }
      }
    }
  }

  /// The databases whose files something has happened to since the last look.
  func look() -> Set<String> {
    table.withLock { table in
      withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
        for _ in 0..<Self.maxPieces {
          let count = read(descriptor.number, buffer.baseAddress, buffer.count)
          guard count > 0 else { break }
          take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), &table)
        }
      }
      return table.takeTouched()
    }
  }

  private func take(_ events: UnsafeRawBufferPointer, _ table: inout WatchTable) {
    let headerSize = MemoryLayout<inotify_event>.size
    var start = 0
    while start + headerSize <= events.count {
      let event = events.loadUnaligned(fromByteOffset: start, as: inotify_event.self)
      let name = events[(start + headerSize)...].prefix(Int(event.len)).prefix { $0 != 0 }
      take(event, String(decoding: name, as: UTF8.self), &table)
      start += headerSize + Int(event.len)
    }
  }

  private func take(_ event: inotify_event, _ name: String, _ table: inout WatchTable) {
    if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
      table.touchAll()
    } else if event.mask & UInt32(IN_MOVE_SELF) != 0 {
      // Another directory may stand at its path: the end of the watch, which follows, tells.
      inotify_rm_watch(descriptor.number, event.wd)
    } else if event.mask & UInt32(IN_IGNORED) != 0 {
      table.lose(event.wd)
    } else {
      let isGone = event.mask & UInt32(IN_DELETE | IN_MOVED_FROM) != 0
      table.touch(name, through: event.wd, isGone: isGone)
    }
  }
}
