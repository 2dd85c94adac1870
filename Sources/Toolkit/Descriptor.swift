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

  deinit {
    close(number)
  }
}
