#if canImport(Glibc)
private import Glibc
#endif

/// The path of an `ipc:` endpoint: libzmq would take it away from whoever has it, and say nothing.
struct LocalPath {
  private static let scheme = "ipc://"
  /// Milliseconds for which a process that was killed may still listen there.
  private static let patience = 500

  private let path: String

  /// Nil for other endpoints, and for those that begin with `@`, which have no path.
  init?(_ endpoint: String) {
    guard endpoint.hasPrefix(Self.scheme) else { return nil }
    path = String(endpoint.dropFirst(Self.scheme.count))
    if path.hasPrefix("@") { return nil }
  }

  /// Whether something is there that is no socket.
  var isTaken: Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFSOCK
  }

  /// Whether somebody listens there, and goes on doing so.
  var staysInUse: Bool {
    for _ in 0..<Self.patience {
      guard isInUse else { return false }
      usleep(1000)
    }
    return true
  }

  private var isInUse: Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
      guard path.utf8.count < room.count else { return false }
      room.copyBytes(from: path.utf8)
      return true
    }
    // libzmq says so.
    guard fits else { return false }
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
    }
    // Its queue of connections may be full.
    return result == 0 || errno == EAGAIN
  }
}
