internal import Wire

/// A writer that is kept for the next run of a statement.
struct KeptWriter {
  let writer: RowWriter
  let databaseColumn: String?
  /// How often SQLite had compiled the statement again when it was made.
  let recompilations: Int
}

/// The latest writers of an engine that are larger than what SQLite counts for their statements.
///
/// To make one takes longer than to write a row with it. All that is kept with statements could be too much.
final class LargeWriters {
  private static let count = 16
  /// Bytes of each at most.
  private static let maxBytes = 512 << 10

  private var latest = LRUCache<Int, KeptWriter>(capacity: count)
  private var statements = 0

  /// For a statement to keep its writer under, and no other one.
  func newNumber() -> Int {
    statements += 1
    return statements
  }

  subscript(number: Int) -> KeptWriter? { latest.use(number) }

  func keep(_ kept: KeptWriter, under number: Int) {
    if kept.writer.size <= Self.maxBytes { latest.insert(kept, for: number) }
  }
}
