internal import SQLite
internal import Toolkit

/// A read transaction on a database, and which data it sees.
///
/// A statement that has given its row and was not reset holds it open: other statements join it,
/// and nothing that becomes of them ends it.
final class Snapshot {
  /// A writer may have committed meanwhile; so often in a row hardly.
  private static let maxAttempts = 100
  /// Longer than one write to a file, which sets its times at the beginning, and than their steps.
  private static let writeNanoseconds: Int64 = 1_000_000_000

  private enum Data {
    /// The database's file with the log up to some frame.
    case log(LogHeader)
    /// The database's file alone; if it is in WAL mode, with an empty log.
    case file(LogHeader?)
    case unknown
  }

  /// What was known of the file.
  private struct Look {
    let status: FileStatus
    /// Whether the last write to it was over by then; below a log a checkpoint may still write.
    let isOver: Bool
    let dataVersion: UInt32
    let schema: Int?
    /// Of the log above it.
    let log: LogState?
  }

  /// What tells checkpoints from others who write to the file.
  private struct LogState: Equatable {
    let salt: UInt64
    let progress: CheckpointProgress
  }

  private let connection: Connection
  /// Reads from the file, and depends on no schema.
  private let probe: Statement
  private var data = Data.unknown
  /// The counter of changes of the schema, as the transaction sees it, and as the first one did.
  private var schemaVersion: Int64?
  private var firstSchemaVersion: Int64?
  private var lastLook: Look?
  /// The index of the empty log, once it was found to be this file's.
  private var ownHeader: LogHeader?
  /// What the last version was told of a file without a log, or with an empty one.
  private var lastFile: (status: FileStatus, header: LogHeader?, dataVersion: UInt32)?
  private var lastFingerprint = Fingerprint()
  private var lastVersion = ""

  /// Whether nobody can write as long as the transaction goes on: that is so without a log.
  var keepsWritersOut: Bool {
    if case .file(nil) = data { true } else { false }
  }

  /// Whether there is a log, whose index is open then.
  var hasLog: Bool {
    switch data {
    case .file(let header): header != nil
    case .log: true
    case .unknown: connection.log != .none
    }
  }

  init(of connection: Connection) throws(SQLiteError) {
    self.connection = connection
    probe = try connection.prepare("PRAGMA schema_version")
  }

  /// Starts the transaction; on the way it may wait for a lock, as its connection says.
  ///
  /// Nothing remains after an error.
  func begin() throws(SQLiteError) {
    data = .unknown
    do throws(SQLiteError) {
      data = try find()
    } catch {
      end()
      throw error
    }
  }

  func end() {
    probe.reset()
  }

  /// The index shows the last commit, and the transaction begins between two looks at it: so when
  /// they agree, it sees that one.
  private func find() throws(SQLiteError) -> Data {
    var before = connection.log
    for _ in 0..<Self.maxAttempts {
      try look()
      let after = connection.log
      if before == after {
        switch after {
        case .none: return .file(nil)
        case .header(let header): return header.frameCount == 0 ? .file(header) : .log(header)
        case .unreadable: return .unknown
        case .moving: break
        }
      }
      probe.reset()
      before = after
    }
    try look()
    return .unknown
  }

  /// Begins to read.
  private func look() throws(SQLiteError) {
    _ = try probe.step()
    guard case .integer(let version) = try probe.column(0) else { return }
    schemaVersion = version
    if firstSchemaVersion == nil { firstSchemaVersion = version }
  }

  /// Whether the index of the empty log is that of another file, which this one has replaced: as long
  /// as somebody has it open SQLite goes by the number of pages that it says, and misreads the file.
  ///
  /// With an empty log both tell the size of the database, except for what very old writers have left.
  func hasIndexOfAnother() -> Bool {
    guard case .header(let header) = connection.log, header.frameCount == 0, header.pageCount > 0,
      header != ownHeader
    else { return false }
    let isOwn = withUnsafeTemporaryAllocation(byteCount: 96, alignment: 8) { start in
      guard connection.readStart(into: start) else { return true }
      func word(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: start.load(fromByteOffset: offset, as: UInt32.self))
      }
      guard UInt16(truncatingIfNeeded: word(16) >> 16) == header.pageSize else { return false }
      return word(24) != word(92) || word(28) == header.pageCount
    }
    if isOwn { ownHeader = header }
    return !isOwn
  }

  /// Whether SQLite may go on with pages or tables that it has in memory, and that the file does not
  /// have any more.
  ///
  /// For SQLite pages are good while the counter of commits is what it was, and tables while that of
  /// the schema is. Of a file that was copied over this one either may be so by chance. And not every
  /// statement makes SQLite look at the schema's: `PRAGMA` and `EXPLAIN` go by the tables in memory.
  ///
  /// - Parameter status: of the database's file, taken since the transaction began.
  func isOutdated(_ status: FileStatus) -> Bool {
    guard schemaVersion == firstSchemaVersion else { return true }
    switch data {
    case .file: return isOutdated(alone: status)
    case .log(let header): return isOutdated(status, below: header)
    case .unknown: return false
    }
  }

  private func isOutdated(alone status: FileStatus) -> Bool {
    let dataVersion = connection.dataVersion
    let last = lastLook
    let hasSamePages = last?.dataVersion == dataVersion
    if let last, hasSamePages, last.isOver, last.status == status { return false }
    let age = Clock.epochMicroseconds() &* 1000 &- status.changedNanoseconds
    let look = Look(
      status: status, isOver: age > Self.writeNanoseconds, dataVersion: dataVersion,
      schema: hasSamePages ? last?.schema : schema(), log: nil)
    lastLook = look
    guard let last else { return false }
    guard hasSamePages else { return look.schema != last.schema }
    // What was read while somebody wrote is read once more.
    return look.status != last.status || look.isOver != last.isOver
  }

  /// With a log, only checkpoints write to the file, and what they bring was read from the log: so pages in
  /// memory remain good, unless a file was copied over this one.
  private func isOutdated(_ status: FileStatus, below header: LogHeader) -> Bool {
    // Looked at after the file: a checkpoint that has written was noted there before.
    guard let progress = connection.checkpointProgress else { return false }
    let dataVersion = connection.dataVersion
    let log = LogState(salt: header.salt, progress: progress)
    let last = lastLook
    let isWritten = last.map { !$0.status.hasContent(as: status) } ?? true
    if isWritten, last?.log == log {
      // As long as a checkpoint may be writing this is asked again.
      return progress.done == progress.begun || !connection.isCheckpointing
    }
    let hasSameTables = !isWritten || last?.dataVersion == dataVersion
    let look = Look(
      status: status, isOver: false, dataVersion: dataVersion,
      schema: hasSameTables ? last?.schema : schema(), log: log)
    lastLook = look
    return last.map { $0.schema != look.schema } ?? false
  }

  /// A number of the tables and indices as the file has them, with their places; nil when they cannot be
  /// read.
  private func schema() -> Int? {
    var hasher = Hasher()
    do throws(SQLiteError) {
      let rows = try connection.prepare("SELECT rootpage, name, sql FROM sqlite_schema")
      while try rows.step() {
        for column in 0..<3 {
          switch try rows.column(column) {
          case .integer(let number): hasher.combine(number)
          case .text(let bytes):
            hasher.combine(bytes.count)
            hasher.combine(bytes: bytes)
          default: hasher.combine(0)
          }
        }
      }
    } catch {
      return nil
    }
    return hasher.finalize()
  }

  /// The version of the data that the transaction sees; nil when it cannot be told.
  ///
  /// - Parameter status: of the database's file, taken since the transaction began.
  func version(_ status: FileStatus) -> String? {
    let dataVersion = connection.dataVersion
    if case .file(let header) = data, let lastFile, lastFile == (status, header, dataVersion) {
      // With a log every commit goes there first; when that is empty again, its salt is another one.
      // Without, SQLite has just found the counter of commits as it was.
      return lastVersion
    }
    lastFile = nil
    var fingerprint = Fingerprint()
    fingerprint.add(status.identity.device)
    fingerprint.add(status.identity.number)
    switch data {
    case .log(let header): add(status, below: header, to: &fingerprint)
    case .file(let header): guard add(status, header, to: &fingerprint) else { return nil }
    case .unknown: return nil
    }
    if fingerprint != lastFingerprint || lastVersion.isEmpty {
      lastFingerprint = fingerprint
      lastVersion = fingerprint.text
    }
    if case .file(let header) = data { lastFile = (status, header, dataVersion) }
    return lastVersion
  }

  /// What is in the file when a log begins anew does not change before the next one: to that file,
  /// the log's salt and the checksum of all frames belong to one sequence of commits. A checkpoint
  /// moves data, and changes none; it may be under way. Whether it was one that has written to the file
  /// cannot be told afterwards: so to each belongs another version.
  private func add(
    _ status: FileStatus, below header: LogHeader, to fingerprint: inout Fingerprint
  ) {
    fingerprint.add(status.size)
    fingerprint.add(status.modifiedNanoseconds)
    fingerprint.add(header.salt)
    fingerprint.add(header.checksum)
    fingerprint.add(UInt64(header.frameCount) << 32 | UInt64(header.pageCount))
  }

  /// Nobody writes to the file now. Without a log a writer would need the exclusive lock, and the
  /// transaction has a shared one. With a log only a checkpoint writes to the file, and a reader of
  /// an empty log holds the read mark 0, which keeps every checkpoint from that.
  ///
  /// Every commit to the file alone raises the counter in its header. What the log has brought does
  /// not, and the times of files advance in steps of milliseconds: there the salt tells, which is
  /// another one when the log is empty again. What overwrites the file without SQLite, which is to
  /// risk torn reads anyway, is told by the times.
  ///
  /// - Returns: whether the header could be read.
  private func add(
    _ status: FileStatus, _ header: LogHeader?, to fingerprint: inout Fingerprint
  ) -> Bool {
    fingerprint.add(status.size)
    fingerprint.add(status.modifiedNanoseconds)
    fingerprint.add(status.changedNanoseconds)
    fingerprint.add(header?.salt ?? 0)
    return withUnsafeTemporaryAllocation(byteCount: 96, alignment: 8) { start in
      guard connection.readStart(into: start) else { return false }
      for word in start.bindMemory(to: UInt64.self) { fingerprint.add(UInt64(littleEndian: word)) }
      return true
    }
  }
}
