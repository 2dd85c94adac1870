internal import CLinux
internal import Toolkit

#if canImport(Glibc)
private import Glibc
#endif

/// The process that kills what the children have started, when the supervisor itself was killed.
/// The children's own end is the kernel's promise; that of their children is not.
struct Guardian: ~Copyable {
  let pid: Int32
  /// Where children enter themselves.
  let descriptor: Descriptor

  /// - Parameter groups: those of the children that run already.
  init(of groups: [Int32] = []) throws(ToolError) {
    var entries: Int32 = -1
    pid = clinux_guardian(groups, groups.count, CommandLine.unsafeArgv, &entries)
    descriptor = try Descriptor(pid < 0 ? -1 : entries, "start the guardian")
  }

  /// Strikes a process group out, because all that was in it has been killed.
  borrowing func forget(group: Int32) {
    var entry = -group
    _ = write(descriptor.number, &entry, MemoryLayout<Int32>.size)
  }
}
