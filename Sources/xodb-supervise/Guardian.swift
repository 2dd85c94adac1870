internal import CLinux
internal import Toolkit

#if canImport(Glibc)
private import Glibc
#endif

/// The process that kills what the children have started, when the supervisor itself was killed.
/// The children's own end is the kernel's promise; that of their children is not.
struct Guardian: ~Copyable {
  /// Where children enter themselves.
  let descriptor: Descriptor

  init() throws(ToolError) {
    descriptor = try Descriptor(clinux_guardian(), "start the guardian")
  }

  /// Strikes a process group out, because all that was in it has been killed.
  borrowing func forget(group: Int32) {
    var entry = -group
    _ = write(descriptor.number, &entry, MemoryLayout<Int32>.size)
  }
}
