internal import Wire

/// At which version each database is, as far as workers have told, and which are to be looked at
/// again because their files were written to.
struct DatabaseVersions {
  /// A commit becomes visible a moment after the write that was noticed: so one look that shows no
  /// change is followed by others, after so many milliseconds each.
  static let recheckMilliseconds = [20, 100, 500]
  /// A database that is written to all the time is looked at so often at most.
  static let intervalMilliseconds = 20
  /// And no sooner than after so many times as long as the last look took, nor later than this: to look
  /// at one that is locked, or on a slow disk, takes its worker's time.
  static let rest: Int64 = 4
  static let maxRestMilliseconds = 10_000
  /// One that somebody waits for is looked at so often at least: not every file system tells of
  /// writes.
  static let watchedMilliseconds = 1000

  struct Known {
    let version: String
    let learned: Instant
  }

  struct Check {
    var due: Instant
    /// How often the last note was followed up.
    var looks = 0
    /// Until then there is no other look.
    var soonest = Instant.start
    var isUnderWay = false
    /// The worker that was lost when it looked. As long as it is not back, nor anything else shows that the
    /// database can be read, nobody else looks: what has taken one worker might take them all.
    var lostWith: String?
    /// Whether something was noticed while a look was under way.
    var isNotedAgain = false

    /// Whether it waits for its time, and for somebody to look.
    var isWaiting: Bool { !isUnderWay && lostWith == nil }
  }

  private(set) var known: [String: Known] = [:]
  /// What is known of the database that was asked for last: mostly that is learned again.
  private var latest = (database: "", version: "")
  private(set) var checks: [String: Check] = [:]

  /// The databases of which anything is known.
  var databases: Set<String> { Set(known.keys).union(checks.keys) }

  subscript(database: String) -> String? { known[database]?.version }

  /// Something was written to the database's file.
  mutating func noted(_ database: String, now: Instant) {
    guard var check = checks[database] else {
      checks[database] = Check(due: now)
      return
    }
    check.looks = 0
    check.isNotedAgain = check.isUnderWay
    check.due = min(check.due, max(now, check.soonest))
    checks[database] = check
  }

  /// Somebody waits for a change of this database.
  mutating func watched(_ database: String, now: Instant) {
    // It was just read.
    checks[database]?.lostWith = nil
    guard checks[database] == nil else { return }
    checks[database] = Check(
      due: now.adding(milliseconds: Self.watchedMilliseconds), looks: .max)
  }

  /// The database that is to be looked at first of those that are due: one of the preferred, and of those
  /// the one that has been so for longest.
  func next(
    due time: Instant, preferring isPreferred: (String) -> Bool, where mayBe: (String) -> Bool
  ) -> String? {
    var best: (database: String, isPreferred: Bool, due: Instant)?
    for (database, check) in checks where check.isWaiting && check.due <= time {
      let isPreferred = isPreferred(database)
      if let best {
        guard isPreferred || !best.isPreferred else { continue }
        let isSooner = (check.due, database) < (best.due, best.database)
        guard isPreferred != best.isPreferred || isSooner else { continue }
      }
      if mayBe(database) { best = (database, isPreferred, check.due) }
    }
    return best?.database
  }

  /// Since when a database is to be looked at that was written to; nil when it was not, or somebody looks.
  func due(ofWritten database: String) -> Instant? {
    guard let check = checks[database], check.isWaiting,
      check.looks < Self.recheckMilliseconds.count
    else { return nil }
    return check.due
  }

  /// When the next look is due of those that are not due yet.
  func nextDue(after now: Instant) -> Instant? {
    if checks.isEmpty { return nil }
    return checks.values.lazy.filter { $0.isWaiting && $0.due > now }.map(\.due).min()
  }

  mutating func began(_ database: String) { checks[database]?.isUnderWay = true }

  /// A look ended without an answer, as its worker was lost.
  mutating func failed(_ database: String, with worker: String, begun: Instant, now: Instant) {
    let soonest = Self.soonest(after: begun, now)
    checks[database]?.lostWith = worker
    checks[database]?.isUnderWay = false
    checks[database]?.soonest = soonest
    checks[database]?.due = soonest
  }

  /// A worker has come, or come back.
  mutating func returned(_ worker: String) {
    for (database, check) in checks where check.lostWith == worker {
      checks[database]?.lostWith = nil
    }
  }

  /// When there may be another look.
  private static func soonest(after begun: Instant, _ now: Instant) -> Instant {
    max(end(ofRestAfter: begun, now), now.adding(milliseconds: intervalMilliseconds))
  }

  /// When whoever looked has rested as long as befits how long that took.
  static func end(ofRestAfter begun: Instant, _ now: Instant) -> Instant {
    min(
      now.adding(microseconds: now.microseconds(since: begun) * rest),
      now.adding(milliseconds: maxRestMilliseconds))
  }

  /// A look has ended. Whether somebody waits for a change decides if there will be another one.
  /// Returns whether the version is news.
  mutating func looked(
    _ database: String, _ version: String?, begun: Instant, isWatched: Bool, now: Instant
  ) -> Bool {
    // What was written to before anybody had asked for its version has changed.
    let isFirst = known[database] == nil && version != nil
    let isNew = version.map { learn($0, of: database, begun: begun, now: now) } ?? false
    guard let check = checks[database] else { return isNew }
    let wasNoted = check.looks <= Self.recheckMilliseconds.count
    var next = next(after: check, isNew: isNew, isWatched: isWatched, now: now)
    if let due = next?.due {
      let soonest = Self.soonest(after: begun, now)
      next?.due = max(due, soonest)
      next?.soonest = soonest
    }
    checks[database] = next
    return isNew || isFirst && wasNoted
  }

  /// - Returns: the next look, if it may come at once.
  private func next(after check: Check, isNew: Bool, isWatched: Bool, now: Instant) -> Check? {
    if check.isNotedAgain { return Check(due: now) }
    // One more look, so that further notes have something to wait for.
    if isNew { return Check(due: now, looks: Self.recheckMilliseconds.count) }
    if check.looks < Self.recheckMilliseconds.count {
      let delay = Self.recheckMilliseconds[check.looks]
      return Check(due: now.adding(milliseconds: delay), looks: check.looks + 1)
    }
    guard isWatched else { return nil }
    return Check(due: now.adding(milliseconds: Self.watchedMilliseconds), looks: .max)
  }

  /// Whether an answer has shown this version last.
  func isLatest(_ version: String, of database: String) -> Bool {
    latest.database == database && latest.version == version
  }

  /// An answer has shown a version. Returns whether that is news.
  ///
  /// - Parameter begun: when its worker was told to run; what was begun before the last news may be
  ///   older than that.
  mutating func learn(
    _ version: String, of database: String, begun: Instant, now: Instant
  ) -> Bool {
    if isLatest(version, of: database) { return false }
    if !checks.isEmpty { checks[database]?.lostWith = nil }
    let last = known[database]
    if let last, last.version != version, begun < last.learned { return false }
    latest = (database, version)
    if last?.version == version { return false }
    known[database] = Known(version: version, learned: now)
    return last != nil
  }

  /// Nobody has the database any more.
  mutating func forget(_ database: String) {
    latest = ("", "")
    known[database] = nil
    checks[database] = nil
  }
}
