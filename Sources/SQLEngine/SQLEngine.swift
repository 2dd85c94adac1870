internal import SQLite
package import Wire
package import Worker

/// Runs statements on SQLite files, which it only reads.
///
/// It belongs to one thread.
package struct SQLEngine: Engine {
  private let limits: RunLimits
  private let extensions: [Extension]
  let clock = RunClock()
  private var catalog: Catalog
  private var connections: LRUCache<String, Database>

  /// Looks which databases there are; none is opened by SQLite before it is asked for.
  ///
  /// - Parameters:
  ///   - directory: every database in it is served under its file's name without the extension.
  ///   - files: further databases.
  ///   - extensions: libraries to load into every connection.
  ///   - limits: what bounds each request.
  /// - Throws: when the directory cannot be read, one of the files cannot be used or one of the
  ///   extensions loaded. A file in the directory that cannot be used is listed with the reason.
  package init(
    directory: String?, files: [String] = [], extensions: [String] = [],
    limits: RunLimits = RunLimits()
  ) throws(OpenError) {
    self.limits = limits
    self.extensions = try extensions.map { path throws(OpenError) in try Extension(path) }
    catalog = try Catalog(directory: directory, files: files)
    connections = LRUCache(capacity: limits.connections)
  }

  package var databases: [ServedDatabase] { catalog.databases }
  package var revision: Int { catalog.revision }

  package var watchedFiles: [String: String] { [:] }

  package mutating func version(of database: String) -> String? { nil }

  package mutating func rescan() {
    catalog.rescan()
  }

  package mutating func run(
    _ job: Job, sql: UnsafeRawBufferPointer, parameters: UnsafeRawBufferPointer,
    deadline: Instant, isAbandoned: @escaping () -> Bool, into body: inout [UInt8]
  ) -> RunResult {
    clock.deadline = deadline
    clock.isAbandoned = isAbandoned
    let start = body.count
    do throws(RunError) {
      let entry = try locate(job.database)
      do throws(RunError) {
        return RunResult(.rows(try run(entry, job, sql, parameters, &body)))
      } catch .sqlite(let error, _) where error.code == .noMemory && connections.count > 1 {
        // What others keep for later may be what is missing now.
        for database in connections.values { database.releaseMemory() }
        body.removeSubrange(start...)
        return RunResult(.rows(try run(entry, job, sql, parameters, &body)))
      }
    } catch {
      return RunResult(.failure(failure(error, job)))
    }
  }

  /// Finds a name's file as it is now.
  ///
  /// Only names in the catalog lead to files.
  private mutating func locate(_ name: String) throws(RunError) -> CatalogEntry {
    if let entry = catalog.current(name) { return entry }
    connections.remove(name)
    catalog.rescan()
    guard let entry = catalog[name] else {
      throw .refused(.noSuchDatabase, "no database '\(name)' here")
    }
    return entry
  }

  private mutating func run(
    _ entry: CatalogEntry, _ job: Job, _ sql: UnsafeRawBufferPointer,
    _ parameters: UnsafeRawBufferPointer, _ body: inout [UInt8]
  ) throws(RunError) -> Int {
    guard !clock.isOver else { throw .refused(Self.expired(job)) }
    let database = try open(entry)
    do throws(RunError) {
      return try database.run(job.format, sql, parameters, maxBytes: limits.answerBytes, &body)
    } catch {
      if let code = error.sqliteCode {
        if code.saysFileIsBroken { connections.remove(entry.name) }
        // SQLite does not give every denial the code for it.
        if let denial = database.policy.denial {
          throw .refused(.denied, denial)
        }
      }
      throw error
    }
  }

  private mutating func open(_ entry: CatalogEntry) throws(RunError) -> Database {
    if let problem = entry.problem {
      connections.remove(entry.name)
      throw .refused(.sql, "'\(entry.name)' cannot be opened: \(problem)")
    }
    if let known = connections.use(entry.name) {
      if known.identity == entry.status.identity && known.path == entry.path { return known }
      connections.remove(entry.name)
    }
    let database: Database
    do throws(SQLiteError) {
      database = try Database(entry, extensions, clock: clock, limits: limits)
    } catch {
      guard SystemError(code: error.systemCode).isOutOfFiles else {
        throw .sqlite(error, offset: 0)
      }
      // The system allows fewer open databases than the limit does.
      connections.removeAll()
      database = try wrapping { () throws(SQLiteError) in
        try Database(entry, extensions, clock: clock, limits: limits)
      }
    }
    connections.insert(database, for: entry.name)
    return database
  }
}
