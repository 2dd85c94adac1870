#if canImport(Glibc)
private import Glibc
#endif

/// Paths of files. They are bytes: to `String`, a slash with an accent above is none.
package enum Path {
  private static let slash = UInt8(ascii: "/")

  package static func isAbsolute(_ path: String) -> Bool { path.utf8.first == slash }

  /// The path, from the root or from `.` on.
  ///
  /// SQLite would read `file:x` as a URI, and the system look for a library elsewhere.
  package static func anchored(_ path: String) -> String {
    isAbsolute(path) ? path : "./" + path
  }

  /// Where symbolic links lead, from the root on; nil when there is nothing, or when that is not UTF-8.
  package static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(validatingCString: resolved)
  }

  /// What is before the last slash.
  package static func directory(_ path: String) -> String {
    guard let last = path.utf8.lastIndex(of: slash) else { return "." }
    return last == path.startIndex ? "/" : String(path[..<last])
  }

  /// What is behind the last slash.
  package static func fileName(_ path: String) -> String {
    path.utf8.lastIndex(of: slash).map { String(path[path.utf8.index(after: $0)...]) } ?? path
  }

  /// Where in a file's name its extension begins, with the dot; nil for none.
  package static func dot(in fileName: String) -> String.Index? {
    fileName.utf8.lastIndex(of: UInt8(ascii: "."))
  }
}
