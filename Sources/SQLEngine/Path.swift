#if canImport(Glibc)
private import Glibc
#endif

/// Paths of files.
enum Path {
  /// The path, from the root or from `.` on.
  ///
  /// SQLite would read `file:x` as a URI, and the system look for a library elsewhere.
  static func anchored(_ path: String) -> String {
    path.hasPrefix("/") ? path : "./" + path
  }

  /// Where symbolic links lead, from the root on; nil when there is nothing, or when that is not UTF-8.
  static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(validatingCString: resolved)
  }

  /// What is before the last slash.
  static func directory(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// What is behind the last slash.
  static func fileName(_ path: String) -> Substring {
    path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
  }
}
