internal import CSQLite
internal import Glibc
internal import Synchronization

/// What SQLite allocates in this process, for all connections together.
///
/// SQLite would count it itself, under a mutex, for which threads that compile statements wait much of
/// their time.
package enum Memory {
  private static let allocated = Atomic<Int>(0)
  private static let bound = Atomic<Int>(.max)

  /// In bytes.
  package static var used: Int { allocated.load(ordering: .relaxed) }

  /// Has allocations that would exceed this many bytes fail, with `ResultCode.noMemory`; threads that
  /// allocate in the same moment may exceed it together.
  package static func limit(_ bytes: Int) {
    prepare
    bound.store(bytes, ordering: .relaxed)
  }

  /// Has SQLite allocate here. Evaluated before it is used for anything.
  static let prepare: Void = {
    var methods = sqlite3_mem_methods(
      xMalloc: { Memory.allocate(Int($0)) }, xFree: { Memory.free($0) },
      xRealloc: { Memory.reallocate($0, Int($1)) }, xSize: { Int32(Memory.size(of: $0)) },
      xRoundup: { ($0 + 7) & ~7 }, xInit: { _ in SQLITE_OK }, xShutdown: { _ in },
      pAppData: nil)
    let code = csqlite_set_allocator(&methods)
    precondition(code == SQLITE_OK, "SQLite was used before it was set up")
  }()

  private static func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
    guard used + count <= bound.load(ordering: .relaxed), let block = malloc(count) else {
      return nil
    }
    allocated.add(size(of: block), ordering: .relaxed)
    return block
  }

  private static func reallocate(
    _ block: UnsafeMutableRawPointer?, _ count: Int
  ) -> UnsafeMutableRawPointer? {
    let before = size(of: block)
    guard count <= before || used + count - before <= bound.load(ordering: .relaxed),
      let moved = realloc(block, count)
    else { return nil }
    allocated.add(size(of: moved) - before, ordering: .relaxed)
    return moved
  }

  private static func free(_ block: UnsafeMutableRawPointer?) {
    allocated.subtract(size(of: block), ordering: .relaxed)
    Glibc.free(block)
  }

  private static func size(of block: UnsafeMutableRawPointer?) -> Int {
    malloc_usable_size(block)
  }
}
