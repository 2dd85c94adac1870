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

  private(set) var recent: [StatementKey: StatementRecord] = [:]
  private(set) var older: [StatementKey: StatementRecord] = [:]
  /// What was asked for last, and mostly is next.
  private var latest: StatementRecord?

  /// What is known of a statement, and will be.
  mutating func record(_ key: StatementKey) -> StatementRecord {
    if let latest, latest.key == key { return latest }
    if let known = recent[key] {
      latest = known
      return known
    }
    let record = older[key] ?? StatementRecord(key)
    latest = record
    if recent.count >= Self.capacity {
      older = recent
      recent = [:]
    }
    recent[key] = record
    return record
  }
}

/// How long a statement took so far.
final class StatementRecord {
  let key: StatementKey
  /// What a run is expected to take; nil when none has ended yet.
  @exclusivity(unchecked) private(set) var microseconds: Int64?

  init(_ key: StatementKey) { self.key = key }

  /// Notes how long a run took, or how long it had taken when it was broken off.
  ///
  /// What is remembered is a moving average: now and then a process is kept from running for a while,
  /// and that says nothing of what it runs.
  func note(microseconds: Int64) {
    // Whatever a worker says, it is within a day or so.
    let microseconds = min(max(microseconds, 0), 1 << 37)
    let before = self.microseconds ?? microseconds
    self.microseconds = before + (microseconds - before) / 8
  }

  /// What is not known may be long.
  var pace: StatementHistory.Pace {
    switch microseconds {
    case let time? where time < StatementHistory.quickMicroseconds: .quick
    case let time? where time < StatementHistory.shortMicroseconds: .short
    default: .long
    }
  }
}

/// A statement, whatever its parameters: where it runs, and a hash of its text.
struct StatementKey: Hashable {
  let database: String
  let text: UInt64

  func hash(into hasher: inout Hasher) {
    // The same text on several databases is told apart by comparison.
    hasher.combine(text)
  }
}
