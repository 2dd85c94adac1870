internal import SQLite
internal import Wire

/// A database in a read transaction.
struct OpenTransaction {
  let database: Database
  /// Of the data that it sees; nil when that cannot be told.
  let version: String?
}

extension SQLEngine {
  /// A journal that has been found hot so often is so: a writer takes less than the 100 ms in all
  /// to remove one.
  private static let maxHotJournals = 10
  /// So often another thread has had the old file's index open, which is 63 ms in all.
  private static let maxOldIndices = 7
  private static let replaced = Failure(
    .busy, "the file was replaced, and another query of this process still reads the old one",
    retryMilliseconds: 100)
  /// So often another file has come when one was opened, before some time is left to who does that.
  private static let maxMisses = 3

  /// The read transaction in which a run sees a database: the batch's, if it is on that one, otherwise
  /// a new one.
  mutating func transaction(on name: String) throws(RunError) -> OpenTransaction {
    if let current {
      if current.database.name == name && !isShortOfMemory && !clock.isOver { return current }
      endTransaction()
    }
    let transaction = try begin(name)
    current = transaction
    return transaction
  }

  mutating func endTransaction() {
    current?.database.snapshot.end()
    current = nil
  }

  /// Starts a read transaction on the file that has a name now.
  ///
  /// - Returns: the transaction, which the caller has to end.
  mutating func begin(_ name: String) throws(RunError) -> OpenTransaction {
    makeRoom()
    var hotJournals = 0
    var oldIndices = 0
    var misses = 0
    var hasOldIndex = false
    while !clock.isOver {
      if hasOldIndex {
        // SQLite makes a new one when the last who has the old one open is gone; so it is closed here.
        guard clock.waitForLock(oldIndices) else { break }
        oldIndices += 1
        hasOldIndex = false
      }
      guard let database = connections.use(name) else {
        if misses > Self.maxMisses {
          guard clock.waitForLock(misses - Self.maxMisses) else { break }
        }
        if try !open(locate(name)) { misses += 1 }
        continue
      }
      guard database.index.take() else {
        // Only another thread's is waited for.
        for other in connections.valuesByAge where database.index.isBlocked(by: other.index) {
          connections.remove(other.name)
        }
        connections.remove(name)
        // Whoever waits keeps this thread from others.
        guard oldIndices < Self.maxOldIndices else { throw .refused(Self.replaced) }
        hasOldIndex = true
        continue
      }
      var failure: SQLiteError?
      do throws(SQLiteError) {
        try database.snapshot.begin()
      } catch {
        failure = error
      }
      if !database.snapshot.hasLog { database.index.release() }
      // To read the last commits SQLite opens the log and its index too.
      if failure?.isOutOfFiles == true, connections.count > 1 {
        connections.removeAll()
        continue
      }
      // Looked at only now: had another file been there before, the log of that one could have been
      // taken for the old one's.
      if let status = status(of: database) {
        if !database.index.hasLogThere() || database.snapshot.hasIndexOfAnother() {
          hasOldIndex = true
          database.snapshot.end()
          connections.remove(name)
          continue
        }
        guard let failure else {
          if database.snapshot.isOutdated(status) {
            database.snapshot.end()
            connections.remove(name)
            continue
          }
          database.setCacheSize()
          return OpenTransaction(
            database: database, version: database.snapshot.version(status))
        }
        guard failure.saysJournalIsHot, hotJournals < Self.maxHotJournals,
          clock.waitForLock(hotJournals)
        else { throw refusal(failure, name) }
        hotJournals += 1
        continue
      }
      database.snapshot.end()
      connections.remove(name)
      misses += 1
    }
    if oldIndices > 0 {
      throw .expired(
        waitedFor: "the file was replaced, and somebody still has the old one's '-shm' open")
    }
    throw .expired(
      waitedFor: misses > Self.maxMisses
        ? "whenever the file was opened, its path led to another one" : nil)
  }

  /// What the file is now that has the database's name; nil when that is another one.
  private mutating func status(of database: Database) -> FileStatus? {
    if let (status, changes) = database.sighting, changes == catalog.changes,
      status == FileStatus(database.path)
    {
      return status
    }
    guard let entry = catalog.current(database.name), database.isOf(entry) else { return nil }
    database.sighting =
      entry.isOutdated(entry.status) ? nil : (entry.status, catalog.changes)
    return entry.status
  }

  /// Gives back what is kept for later when it takes more than half of the memory: a good part, so that
  /// it takes a while until the next time.
  private mutating func makeRoom() {
    guard isShortOfMemory else { return }
    let enough = limits.memoryBytes / 8 * 3
    for database in connections.valuesByAge where Memory.used > enough { database.releasePages() }
    if isShortOfMemory {
      for database in connections.valuesByAge { database.releaseStatements() }
    }
    while isShortOfMemory && connections.count > 0 { connections.removeOldest() }
  }

  private var isShortOfMemory: Bool { Memory.used > limits.memoryBytes / 2 }

  /// What is told when no transaction could be started.
  private mutating func refusal(_ error: SQLiteError, _ name: String) -> RunError {
    if error.code.saysFileIsBroken { connections.remove(name) }
    guard error.saysJournalIsHot else { return .sqlite(error, offset: 0) }
    return .refused(
      .sql,
      "'\(name)' cannot be read: a writer has died, and its '-journal' is to be rolled back by opening the database for writing"
    )
  }

  /// Finds a name's file as it is now.
  ///
  /// Only names in the catalog lead to files.
  private mutating func locate(_ name: String) throws(RunError) -> CatalogEntry {
    if let entry = catalog.current(name) { return entry }
    catalog.rescan()
    guard let entry = catalog[name] else {
      throw .refused(.noSuchDatabase, "no database '\(name)' here")
    }
    return entry
  }

  /// Opens a file, unless another one has taken its place.
  ///
  /// - Returns: whether it is open.
  private mutating func open(_ entry: CatalogEntry) throws(RunError) -> Bool {
    if let problem = entry.problem {
      throw .refused(.sql, "'\(entry.name)' cannot be opened: \(problem)")
    }
    let database: Database
    do throws(SQLiteError) {
      database = try Database(entry, extensions, clock: clock, limits: limits, largeWriters)
    } catch {
      guard error.isOutOfFiles else { throw .sqlite(error, offset: 0) }
      // The system allows fewer open databases than the limit does.
      connections.removeAll()
      database = try wrapping { () throws(SQLiteError) in
        try Database(entry, extensions, clock: clock, limits: limits, largeWriters)
      }
    }
    guard database.hasRightFile else { return false }
    connections.insert(database, for: entry.name)
    return true
  }
}
