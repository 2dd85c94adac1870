internal import CLinux
internal import Supervision
internal import Toolkit

#if canImport(Glibc)
private import Glibc
#endif

/// A process that has ended and was not released yet, so that its pid is still its own.
struct ProcessExit {
  let pid: Int32
  let ending: Ending

  /// One of those that have ended, nil when there is none.
  static func next() -> ProcessExit? {
    var exit = clinux_exit()
    guard clinux_next_exit(&exit) == 0, exit.pid > 0 else { return nil }
    if exit.signal == 0 { return ProcessExit(pid: exit.pid, ending: .status(exit.status)) }
    let words = strsignal(exit.signal).map { String(cString: $0) } ?? "signal \(exit.signal)"
    return ProcessExit(pid: exit.pid, ending: .signal(Signal.name(exit.signal), words))
  }

  /// A child that a signal has stopped, or that goes on since; nil when there is no news of that.
  static func nextStop() -> (pid: Int32, isStopped: Bool)? {
    var isStopped: Int32 = 0
    let pid = clinux_next_stop(&isStopped)
    return pid > 0 ? (pid, isStopped != 0) : nil
  }

  static func release(_ pid: Int32) {
    clinux_release(pid)
  }
}
