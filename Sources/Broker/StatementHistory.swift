/// How long statements took so far, by their texts; the parameters do not count.
///
/// It forgets what was not asked for in a long time, so that it stays within a bound.
struct StatementHistory {
  /// Above this a statement is long.
  static let shortMicroseconds: Int64 = 20_000
  /// How many texts are remembered at least; at most twice as many.
  static let capacity = 4096

  private(set) var recent: [StatementKey: Int64] = [:]
  private(set) var older: [StatementKey: Int64] = [:]

  /// Notes how long a run took, or how long it had taken when it was broken off.
  mutating func note(_ key: StatementKey, microseconds: Int64) {
    // One long run counts at once, and is forgotten slowly.
    let before = recent[key] ?? older[key] ?? 0
    recent[key] = max(microseconds, before - before / 8)
    if recent.count >= Self.capacity {
      older = recent
      recent = [:]
    }
  }

  /// Whether its runs so far were short; false for a statement that is not known.
  func isShort(_ key: StatementKey) -> Bool {
    (recent[key] ?? older[key]).map { $0 < Self.shortMicroseconds } ?? false
  }
}

/// A statement, whatever its parameters: where it runs, and a hash of its text.
struct StatementKey: Hashable {
  let database: String
  let text: UInt64
}
