internal import CLinux
internal import Toolkit
internal import Wire

#if canImport(Glibc)
private import Glibc
#endif

/// Processes that the children left behind in groups of their own, which this process inherits.
struct Leftovers {
  /// In milliseconds.
  private static let patience = 1000

  /// The children that this process had before it started any: those of the shell that became it.
  private let strangers = Set(children())

  /// Kills them, and what they leave behind in turn, until there are none or they do not end.
  func end() {
    let start = Clock.now()
    while Clock.now().millisecondsUp(since: start) < Self.patience {
      let pids = Self.children().filter { !strangers.contains($0) }
      if pids.isEmpty { return }
      for pid in pids { kill(pid, SIGKILL) }
      while let exit = ProcessExit.next() { ProcessExit.release(exit.pid) }
      usleep(1000)
    }
  }

  private static func children() -> ArraySlice<pid_t> {
    var pids = [pid_t](repeating: 0, count: 1024)
    let count = clinux_children(&pids, pids.count)
    return pids.prefix(count)
  }
}
