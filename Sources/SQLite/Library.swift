internal import CSQLite

/// The SQLite library of this process.
package enum Library {
  /// The version that is linked: `3.40.1`.
  package static var version: String { String(cString: sqlite3_libversion()) }

  /// Bounds the memory of all connections of this process together; beyond it, what needs more
  /// fails with `noMemory`.
  package static func setMemoryLimit(bytes: Int) {
    sqlite3_hard_heap_limit64(Int64(bytes))
  }
}
