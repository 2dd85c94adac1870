internal import SQLite
internal import Toolkit
package import Wire
package import Worker

/// Runs statements on SQLite files, which it only reads.
///
/// It belongs to one thread.
package struct SQLEngine: Engine {
  /// How long the version of a database that somebody has locked is waited for.
  private static let versionMilliseconds = 50

  let limits: RunLimits
  let extensions: [Extension]
  let clock = RunClock()
  let largeWriters = LargeWriters()
  var catalog: Catalog
  var connections: LRUCache<String, Database>
  /// Whether transactions are kept for the next run.
  var isBatch = false
  /// The database of a batch that was asked last, in its transaction.
  var current: OpenTransaction?

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
  package var watchedFiles: [String: String] { catalog.watchedFiles }
  package var revision: Int { catalog.revision }

  package mutating func rescan() {
    endTransaction()
    catalog.rescan()
  }

  package mutating func filesChanged(_ databases: Set<String>) {
    endTransaction()
    for name in databases {
      // Also where none is open: what is written from now on is not the old file's.
      let entry = catalog.current(name)
      guard let open = connections[name] else { continue }
      if entry.map(open.isOf) != true || !open.index.hasLogThere() { connections.remove(name) }
    }
  }

  package mutating func version(of database: String) -> String? {
    clock.deadline = Clock.now().adding(milliseconds: Self.versionMilliseconds)
    clock.isAbandoned = { false }
    endTransaction()
    guard let transaction = try? begin(database) else { return nil }
    transaction.database.snapshot.end()
    return transaction.version
  }

  package mutating func beginBatch() { isBatch = true }

  package mutating func endBatch() {
    isBatch = false
    endTransaction()
  }

  package mutating func run(
    _ job: Job, sql: UnsafeRawBufferPointer, parameters: UnsafeRawBufferPointer,
    deadline: Instant, isAbandoned: @escaping () -> Bool, into body: inout ByteBuffer,
    chunkBytes: Int?, send: (UnsafeRawBufferPointer, Bool) -> Bool
  ) -> RunResult {
    clock.deadline = deadline
    clock.isAbandoned = isAbandoned
    do throws(RunError) {
      return try run(job, sql, Parameters(frame: parameters), &body, chunkBytes, send)
    } catch {
      return RunResult(.failure(failure(error, job)))
    }
  }

  /// Fails where there is no version to tell with the failure.
  private mutating func run(
    _ job: Job, _ sql: UnsafeRawBufferPointer, _ parameters: Parameters, _ body: inout ByteBuffer,
    _ chunkBytes: Int?, _ send: (UnsafeRawBufferPointer, Bool) -> Bool
  ) throws(RunError) -> RunResult {
    let transaction = try transaction(on: job.database)
    defer { if !isBatch { endTransaction() } }
    let (database, version) = (transaction.database, transaction.version)
    if let version, version == job.ifVersion { return RunResult(.unchanged, version: version) }
    do throws(RunError) {
      let rows = try database.run(
        job.format, databaseColumn: job.extras?.databaseColumn, sql, parameters, limits, &body,
        chunkBytes
      ) { send($0, database.snapshot.keepsWritersOut) }
      return RunResult(.rows(rows), version: version)
    } catch {
      if let code = error.sqliteCode {
        // After some errors SQLite rolls back.
        endTransaction()
        if code.saysFileIsBroken { connections.remove(job.database) }
        // SQLite does not give every denial the code for it.
        if let denial = database.policy.denial {
          return RunResult(.failure(Failure(.denied, denial)), version: version)
        }
      }
      return RunResult(.failure(failure(error, job)), version: version)
    }
  }
}

extension Parameters {
  fileprivate init(frame: UnsafeRawBufferPointer) throws(RunError) {
    do throws(JSONError) {
      try self.init(json: frame)
    } catch {
      throw .refused(.badRequest, "parameters: \(error)")
    }
  }
}
