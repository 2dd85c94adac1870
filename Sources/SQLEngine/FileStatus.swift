#if canImport(Glibc)
private import Glibc
#endif

/// What the system says of a file.
struct FileStatus: Equatable {
  /// The same for as long as it is the same file, however its content changes.
  ///
  /// A file system uses a number again when nobody has the file open any more.
  struct Identity: Hashable, Sendable {
    let device: UInt64
    let number: UInt64
  }

  let identity: Identity
  let isRegular: Bool
  let size: Int64
  let modifiedNanoseconds: Int64
  /// Of anything about the file, also of its permissions.
  let changedNanoseconds: Int64

  /// Looks at a file, following symbolic links; nil with `errno` when that is not possible.
  init?(_ path: UnsafePointer<CChar>) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    identity = Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    isRegular = status.st_mode & S_IFMT == S_IFREG
    size = Int64(status.st_size)
    modifiedNanoseconds = Self.nanoseconds(status.st_mtim)
    changedNanoseconds = Self.nanoseconds(status.st_ctim)
  }

  /// Whether nobody has written to the file in between, as far as its size and time tell.
  func hasContent(as other: FileStatus) -> Bool {
    size == other.size && modifiedNanoseconds == other.modifiedNanoseconds
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
