internal import CSQLite

/// What SQLite allocates in this process, for all connections together.
package enum Memory {
  /// In bytes.
  package static var used: Int { Int(sqlite3_memory_used()) }

  /// Has allocations that would exceed this many bytes fail, with `ResultCode.noMemory`.
  package static func limit(_ bytes: Int) {
    sqlite3_hard_heap_limit64(Int64(bytes))
  }
}
