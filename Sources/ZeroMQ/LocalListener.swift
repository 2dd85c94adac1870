#if canImport(Glibc)
private import Glibc
#endif

/// Who listens on a unix socket: libzmq would take its path away, and say nothing.
enum LocalListener {
  private static let scheme = "ipc://"
  /// Milliseconds for which a process that was killed may still have it open.
  private static let patience = 500

  /// Whether somebody listens at an `ipc:` endpoint, and goes on doing so.
  static func stays(at endpoint: String) -> Bool {
    guard endpoint.hasPrefix(scheme) else { return false }
    let path = endpoint.dropFirst(scheme.count)
    for _ in 0..<patience {
      guard isThere(path) else { return false }
      usleep(1000)
    }
    return true
  }

  private static func isThere(_ path: Substring) -> Bool {
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
