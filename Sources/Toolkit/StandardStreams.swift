#if canImport(Glibc)
private import Glibc
#endif

/// Descriptors 0, 1 and 2.
package enum StandardStreams {
  /// Takes the numbers of those that the process was started without, so that no socket gets them.
  ///
  /// Call it before anything else is opened. Reading and writing them still fails with EBADF, so
  /// nobody takes them for an empty input.
  package static func claim() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
      // The lowest free number is this one: those below are taken.
      _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
