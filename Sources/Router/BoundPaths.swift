#if canImport(Glibc)
private import Glibc
#endif

/// The files by which others reach bound `ipc:` sockets. The sockets themselves do not notice when
/// one is removed, or when somebody else binds the path: then nobody new can connect.
struct BoundPaths {
  private struct File: Equatable {
    let device: dev_t
    let inode: ino_t
  }

  private var files: [(path: String, file: File?)] = []

  /// Call it after the endpoints were bound.
  init(_ endpoints: [String]) {
    for endpoint in endpoints where endpoint.hasPrefix(Self.scheme) {
      let path = String(endpoint.dropFirst(Self.scheme.count))
      files.append((path, Self.file(path)))
    }
  }

  private static let scheme = "ipc://"

  /// A path that leads to its socket no more, and why.
  func lost() -> (path: String, why: String)? {
    for (path, file) in files {
      let present = Self.file(path)
      if present == nil { return (path, "it was removed") }
      if present != file { return (path, "it is another's socket now") }
    }
    return nil
  }

  /// Removes those that lead to their sockets still: libzmq does so too late when the process ends.
  func remove() {
    for (path, file) in files where file != nil && Self.file(path) == file { unlink(path) }
  }

  private static func file(_ path: String) -> File? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return File(device: status.st_dev, inode: status.st_ino)
  }
}
