internal import SQLite
internal import Wire

extension Database {
  /// Runs a statement and appends its rows.
  ///
  /// More rows, or more bytes of them, than the limits allow fail with `tooLarge`; in chunks, only a
  /// row of more bytes. Returns the number of rows.
  func run(
    _ format: Format, databaseColumn: String?, _ sql: UnsafeRawBufferPointer,
    _ parameters: Parameters, _ limits: RunLimits, _ body: inout ByteBuffer,
    _ chunkBytes: Int?, _ send: (UnsafeRawBufferPointer) -> Bool
  ) throws(RunError) -> Int {
    policy.begin()
    let prepared = try statement(sql)
    defer { prepared.finish() }
    try prepared.bind(parameters)
    let rendering = try wrapping(offset: prepared.start) { () throws(SQLiteError) in
      let column = databaseColumn.map { (column: $0, text: name) }
      return try prepared.render(format, after: column, limits, into: &body, chunkBytes) {
        send($0) && !clock.isOver
      }
    }
    switch rendering {
    case .rows(let count): return count
    case .unwanted:
      throw clock.isOver
        ? .expired(waitedFor: nil) : .refused(.cancelled, "nobody wants more of it")
    case .tooManyRows: throw .refused(.tooLarge, "more than \(limits.rows) rows")
    case .tooManyNameBytes:
      throw .refused(
        .tooLarge, "the names of the columns have more than \(limits.columnNamesBytes) bytes")
    case .tooManyBytes:
      let what = chunkBytes == nil ? "the answer" : "a row of the answer"
      throw .refused(.tooLarge, "\(what) is larger than \(limits.answerBytes) bytes")
    }
  }
}
