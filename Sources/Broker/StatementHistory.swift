/// How long statements took so far, by their texts; the parameters do not count.
///
/// It forgets what was not asked for in a long time, so that it stays within a bound.
struct StatementHistory {
  /// How much of a worker's time a statement is expected to take.
  enum Pace {
    /// So little that it may be run together with others.
    case quick
    /// Little enough for the workers that are reserved.
    case short
    case long
  }

  /// From this on a statement is not quick.
  static let quickMicroseconds: Int64 = 1000
  /// From this on a statement is long.
  static let shortMicroseconds: Int64 = 20_000
  /// How many texts are remembered at least; at most twice as many.
  static let capacity = 4096

  private(set) var recent: [StatementKey: Int64] = [:]
  private(set) var older: [StatementKey: Int64] = [:]

  /// Notes how long a run took, or how long it had taken when it was broken off.
  ///
  /// What is remembered is a moving average: now and then a process is kept from running for a while,
  /// and that says nothing of what it runs.
  mutating func note(_ key: StatementKey, microseconds: Int64) {
    let before = self.microseconds(key) ?? microseconds
    recent[key] = before + (microseconds - before) / 8
    if recent.count >= Self.capacity {
      older = recent
      recent = [:]
    }
  }

  /// What a run is expected to take; nil for a statement that is not known.
  func microseconds(_ key: StatementKey) -> Int64? { recent[key] ?? older[key] }

  /// What is not known may be long.
  func pace(_ key: StatementKey) -> Pace {
    switch microseconds(key) {
    case let time? where time < Self.quickMicroseconds: .quick
    case let time? where time < Self.shortMicroseconds: .short
    default: .long
    }
  }
}

/// A statement, whatever its parameters: where it runs, and a hash of its text.
struct StatementKey: Hashable {
  let database: String
  let text: UInt64
}
