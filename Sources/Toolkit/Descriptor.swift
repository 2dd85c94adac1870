#if canImport(Glibc)
private import Glibc
#endif

/// A file descriptor, closed when it goes out of scope.
package struct Descriptor: ~Copyable, Sendable {
  package let number: Int32

  /// Takes over what a system call has returned; fails with its errno when that is negative.
  package init(_ number: Int32, _ what: @autoclosure () -> String) throws(ToolError) {
    guard number >= 0 else { throw .system(what()) }
    self.number = number
  }

  /// For inotify(7), of which a user may have fewer than of other files.
  /// - Parameter what: what is to be watched.
  package static func inotify(_ what: String) throws(ToolError) -> Descriptor {
    let number = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    guard number >= 0 || errno != EMFILE else {
      throw ToolError(
        "watch \(what)",
        "too many open files: maybe more than the sysctl fs.inotify.max_user_instances", .system)
    }
    return try Descriptor(number, "watch \(what)")
  }

  deinit {
    close(number)
  }
}
