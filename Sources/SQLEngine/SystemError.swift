#if canImport(Glibc)
private import Glibc
#endif

/// Why a call to the system failed.
struct SystemError: Error, Equatable, CustomStringConvertible {
  /// The `errno`.
  let code: Int32

  /// The error of the call that has just failed in this thread.
  static var last: SystemError { SystemError(code: errno) }

  /// The process, or the system, has too many files open.
  var isOutOfFiles: Bool { code == EMFILE || code == ENFILE }

  /// There is nothing of that name.
  var isGone: Bool { code == ENOENT || code == ENOTDIR }

  /// The system's words.
  var description: String {
    // Since glibc 2.32 the text belongs to the thread.
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
  }
}
