internal import CLinux
internal import Toolkit
internal import Wire

#if canImport(Glibc)
private import Glibc
#endif

/// Processes that the children left behind in groups of their own, which this process inherits.
enum Leftovers {
  /// In milliseconds.
  private static let patience = 1000

  /// Kills them, and what they leave behind in turn, until there are none or they do not end.
  static func end() {
    let start = Clock.now()
    var pids = [pid_t](repeating: 0, count: 1024)
    while Clock.now().millisecondsUp(since: start) < patience {
      let count = clinux_children(&pids, pids.count)
      if count == 0 { return }
      for pid in pids.prefix(count) { kill(pid, SIGKILL) }
      while let exit = ProcessExit.next() { ProcessExit.release(exit.pid) }
      usleep(1000)
    }
  }
}
