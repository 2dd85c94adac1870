/// How long statements took so far, by their texts and databases; the parameters do not count.
///
/// Of a text that is new to a database is known what it took on others: its first run there has to
/// open the file and to compile it, and says less. Shapes are texts without literals: what is known of
/// them is enough to try several at once, and not to trust one with a worker that is reserved.
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
  /// About how many are remembered at least; at most twice as many.
  static let capacity = 4096

  private(set) var recent: [StatementKey: StatementRecord] = [:]
  private(set) var older: [StatementKey: StatementRecord] = [:]
  /// What was asked for last, and mostly is next.
  private var latest: StatementRecord?

  /// What is known of a statement, and will be.
  /// - Parameter shape: what is known of its shape, when that is another text.
  mutating func record(_ key: StatementKey, shape: StatementRecord? = nil) -> StatementRecord {
    if let latest, latest.key == key { return latest }
    let record = recent[key] ?? renewed(key, shape)
    latest = record
    return record
  }

  /// What was not asked for of late is so from now on, and what is known of its text with it.
  private mutating func renewed(_ key: StatementKey, _ shape: StatementRecord?) -> StatementRecord {
    let known = older[key]
    let general = known?.general ?? key.general.map { recent[$0] ?? renewed($0, nil) }
    let record = known ?? StatementRecord(key, general: general, shape: shape)
    if recent.count + 2 > Self.capacity {
      older = recent
      recent = [:]
    }
    if let general { recent[general.key] = general }
    recent[key] = record
    return record
  }
}

/// How long a statement took so far.
final class StatementRecord {
  let key: StatementKey
  /// What is known of its text on all databases; nil when this is that.
  let general: StatementRecord?
  /// What is known of its shape on this one; nil when that is its text.
  private let shape: StatementRecord?
  /// Where it waits as a short one, and as a long one.
  let lanes: (short: RequestQueue.Lane, long: RequestQueue.Lane)
  /// Of the runs that have ended; nil when there was none.
  @exclusivity(unchecked) private var average: Int64?

  init(_ key: StatementKey, general: StatementRecord?, shape: StatementRecord? = nil) {
    self.key = key
    self.general = general
    self.shape = shape
    lanes = (
      RequestQueue.Lane(database: key.database, isShort: true),
      RequestQueue.Lane(database: key.database, isShort: false)
    )
  }

  /// What a run is expected to take; nil when none has ended yet, on any database.
  var microseconds: Int64? { average ?? general?.average }

  /// Notes how long a run took, or how long it had taken when it was broken off.
  ///
  /// What is remembered is a moving average: now and then a process is kept from running for a while,
  /// and that says nothing of what it runs.
  func note(microseconds: Int64) {
    // Whatever a worker says, it is within a day or so.
    let microseconds = min(max(microseconds, 0), 1 << 37)
    let before = self.microseconds ?? microseconds
    average = before + (microseconds - before) / 8
    general?.note(microseconds: microseconds)
    shape?.note(microseconds: microseconds)
  }

  /// Whether it may be run together with others: statements like it took little time.
  var isQuick: Bool { (shape ?? self).pace == .quick }

  /// Whether workers may be reserved for others.
  var isLong: Bool { pace == .long }

  /// What it is expected to take together with others; nil when nothing like it has been run.
  var expectedMicroseconds: Int64? { (shape ?? self).microseconds }

  /// What is not known may be long.
  var pace: StatementHistory.Pace {
    switch microseconds {
    case let time? where time < StatementHistory.quickMicroseconds: .quick
    case let time? where time < StatementHistory.shortMicroseconds: .short
    default: .long
    }
  }
}

/// A statement, whatever its parameters: where it runs, and a hash of its text, or of its shape.
struct StatementKey: Hashable {
  /// Empty, which is no database's name, for all of them.
  let database: String
  let text: UInt64

  /// The text on all databases; nil when this is that.
  var general: StatementKey? {
    database.isEmpty ? nil : StatementKey(database: "", text: text)
  }
}
