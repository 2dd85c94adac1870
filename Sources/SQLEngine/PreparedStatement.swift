internal import SQLite
internal import Wire

/// A compiled statement with what is known of its text and its rows.
final class PreparedStatement {
  /// With it a writer is kept that takes no more than about what SQLite has of a statement, and of each of
  /// its columns: only that is counted, and given back when memory is short.
  private static let maxKeptBytes = 1024
  private static let maxKeptColumnBytes = 64

  /// Where in the request's SQL the statement begins.
  let start: Int
  let statement: Statement
  let parameterCount: Int
  /// The names with their first character; nil for a plain `?`.
  private(set) lazy var parameterNames =
    parameterCount == 0
    ? [] : (1...parameterCount).map(statement.parameterName)

  private let sql: [UInt8]
  /// Of the format and the column that were asked for last, unless it is large.
  private var lastWriter: KeptWriter?
  private let largeWriters: LargeWriters
  private let number: Int

  init(_ statement: Statement, sql: [UInt8], start: Int, _ largeWriters: LargeWriters) {
    self.statement = statement
    self.sql = sql
    self.start = start
    self.largeWriters = largeWriters
    number = largeWriters.newNumber()
    parameterCount = statement.parameterCount
  }

  /// Whether it was compiled from just this text.
  func isOf(_ text: UnsafeRawBufferPointer) -> Bool {
    sql.withUnsafeBytes(text.isEqual)
  }

  /// Ends a run, however it went: no lock and no value remains.
  func finish() {
    statement.reset()
    if parameterCount > 0 { statement.clearParameters() }
  }

  /// Runs it and appends its rows.
  /// - Parameter constant: a first column, whose text is the same whenever this is called.
  /// - Returns: how many there are, or which limit they exceed.
  func render(
    _ format: Format, after constant: (column: String, text: String)?, _ limits: RunLimits,
    into body: inout ByteBuffer, _ chunkBytes: Int?, _ send: (UnsafeRawBufferPointer) -> Bool
  ) throws(SQLiteError) -> Rendering {
    var limit = body.count + limits.answerBytes
    let maxRows = chunkBytes == nil ? limits.rows : .max
    // The first step may compile it again, with other columns.
    var isRow = try statement.step()
    guard let writer = writer(format, after: constant, limits) else { return .tooManyNameBytes }
    writer.appendHeader(to: &body)
    guard body.count <= limit else { return .tooManyBytes }
    var rows = 0
    while isRow {
      guard rows < maxRows else { return .tooManyRows }
      // In chunks a row has the limit to itself, whatever stands before it.
      if chunkBytes != nil { limit = body.count + limits.answerBytes }
      for column in 0..<writer.columnCount {
        guard try append(column, writer, limit: limit, to: &body) else { return .tooManyBytes }
      }
      writer.endRow(to: &body)
      rows += 1
      guard body.count <= limit else { return .tooManyBytes }
      if let chunkBytes, body.count >= chunkBytes {
        guard send(body.bytes) else { return .unwanted }
        body.removeAll()
      }
      isRow = try statement.step()
    }
    return .rows(rows)
  }

  /// What a run has appended.
  enum Rendering {
    case rows(Int)
    case tooManyRows
    case tooManyBytes
    case tooManyNameBytes
    /// Nobody wants the rest.
    case unwanted
  }

  /// - Returns: whether the value is within the limit.
  private func append(
    _ column: Int, _ writer: RowWriter, limit: Int, to body: inout ByteBuffer
  ) throws(SQLiteError) -> Bool {
    switch try statement.column(column) {
    case .null: writer.appendNull(column: column, to: &body)
    case .integer(let number): writer.append(number, column: column, to: &body)
    case .real(let number): writer.append(number, column: column, to: &body)
    case .text(let bytes):
      guard writer.fits(text: bytes, in: limit - body.count) else { return false }
      writer.appendText(bytes, column: column, to: &body)
    case .blob(let bytes):
      guard writer.fits(blob: bytes, in: limit - body.count) else { return false }
      writer.appendBlob(bytes, column: column, to: &body)
    }
    return true
  }

  /// - Returns: nil when the names of the columns are too long.
  private func writer(
    _ format: Format, after constant: (column: String, text: String)?, _ limits: RunLimits
  ) -> RowWriter? {
    let recompilations = statement.recompilations
    if let last = lastWriter ?? largeWriters[number], last.writer.format == format,
      last.databaseColumn == constant?.column, last.recompilations == recompilations
    {
      return last.writer
    }
    guard statement.columnNamesSize <= limits.columnNamesBytes else { return nil }
    let columns = (0..<statement.columnCount).map(statement.columnName)
    let writer = RowWriter(format, columns: columns, after: constant)
    let kept = KeptWriter(
      writer: writer, databaseColumn: constant?.column, recompilations: recompilations)
    let isSmall = writer.size <= Self.maxKeptBytes + columns.count * Self.maxKeptColumnBytes
    lastWriter = isSmall ? kept : nil
    if !isSmall { largeWriters.keep(kept, under: number) }
    return writer
  }
}
