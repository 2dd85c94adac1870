internal import SQLite
internal import Toolkit

#if canImport(Glibc)
private import Glibc
#endif

/// A library of functions, virtual tables and the like that the operator adds to SQLite.
struct Extension {
  private let path: String

  /// Loads it once to see whether it can be, and so that all connections get the same one, however
  /// its file changes: it remains in memory.
  init(_ path: String) throws(OpenError) {
    self.path = Path.anchored(path)
    // SQLite tries other file names too, and tells why the last one of them failed.
    guard dlopen(self.path, RTLD_NOW) != nil else {
      let why = dlerror().map { String(cString: $0) } ?? "cannot be loaded"
      let prefix = self.path + ": "
      throw OpenError(
        path: path, why: why.hasPrefix(prefix) ? String(why.dropFirst(prefix.count)) : why)
    }
    do throws(SQLiteError) {
      try load(into: Connection(":memory:", [.readWrite, .create]))
    } catch {
      throw OpenError(path: path, why: error.message)
    }
  }

  func load(into connection: Connection) throws(SQLiteError) {
    try connection.loadExtension(path)
  }
}
