#if canImport(Glibc)
private import Glibc
#endif

/// The directory with the sockets of a cluster, by which the tools of one host find each other.
/// Its mode, 0700, is the access control.
package struct RunDirectory: Sendable {
  /// What `sockaddr_un` can hold, in bytes.
  package static let maxSocketPathLength = 107

  package let path: String

  /// `XODB_RUN`, otherwise `xodb` in `XDG_RUNTIME_DIR`, otherwise `/tmp/xodb-UID`. Nothing is
  /// touched yet.
  package init() throws(ToolError) {
    let own = try Environment["XODB_RUN"]
    let user = try Environment["XDG_RUNTIME_DIR"].map { $0 + "/xodb" }
    let path = own ?? user ?? "/tmp/xodb-\(getuid())"
    guard Path.isAbsolute(path) else {
      throw ToolError("run directory \(path)", "the path is not absolute", .usage)
    }
    self.path = path
    // The longest name in it is that of a publisher.
    let room = Self.maxSocketPathLength - "/events/".utf8.count - PublisherName.maxLength
    guard path.utf8.count <= room else {
      throw ToolError(
        "run directory \(path)",
        "the path has \(path.utf8.count) bytes; sockets in it need it to have \(room) at most",
        .usage)
    }
  }

  /// Where clients connect.
  package var clients: String { "ipc://\(path)/clients" }
  /// Where workers connect.
  package var workers: String { "ipc://\(path)/workers" }
  /// The directory with a socket for each publisher.
  package var events: String { path + "/events" }
  /// The directory with a lock for each name that is taken.
  package var locks: String { path + "/locks" }

  package func events(of publisher: PublisherName) -> String {
    "ipc://\(events)/\(publisher.text)"
  }

  /// Makes the directory, or checks that the one there is ours alone.
  package func create() throws(ToolError) {
    try Self.makePrivate(path)
    try Self.makePrivate(events)
    try Self.makePrivate(locks)
  }

  /// Checks that the directory is ours alone, for those who only connect there: in one of somebody else,
  /// that somebody would read what they ask, and answer it. Where there is none, nobody does.
  package func check() throws(ToolError) {
    guard access(path, F_OK) == 0 else { return }
    try Self.checkPrivate(path)
  }

  private static func makePrivate(_ path: String) throws(ToolError) {
    if mkdir(path, 0o700) != 0 && errno != EEXIST {
      throw .system(describe(path), .cannotCreate)
    }
    try checkPrivate(path)
  }

  private static func describe(_ path: String) -> String { "run directory \(path)" }

  private static func checkPrivate(_ path: String) throws(ToolError) {
    let what = describe(path)
    var status = stat()
    guard lstat(path, &status) == 0 else { throw .system(what, .cannotCreate) }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw ToolError(what, "it is not a directory", .cannotCreate)
    }
    guard status.st_uid == geteuid() else {
      throw ToolError(what, "it belongs to user \(status.st_uid)", .denied)
    }
    guard status.st_mode & 0o077 == 0 else {
      let mode = String(status.st_mode & 0o777, radix: 8)
      throw ToolError(what, "others may enter it: its mode is \(mode), not 700", .denied)
    }
  }
}

/// The environment variables of the process.
package enum Environment {
  /// The value of a variable, nil when it is not set or empty. It must be UTF-8: Swift would silently
  /// repair it.
  package static subscript(name: String) -> String? {
    get throws(ToolError) {
      guard let value = getenv(name), value.pointee != 0 else { return nil }
      guard let text = String(validatingCString: value) else {
        throw ToolError("variable \(name)", "it is not UTF-8", .usage)
      }
      return text
    }
  }
}
