internal import SQLite
internal import Wire

extension Database {
  /// Runs a statement and appends its rows.
  ///
  /// The body may grow by `maxBytes`; then the run fails with `tooLarge`. Returns the number of rows.
  func run(
    _ format: Format, _ sql: UnsafeRawBufferPointer, _ frame: UnsafeRawBufferPointer,
    maxBytes: Int, _ body: inout [UInt8]
  ) throws(RunError) -> Int {
    let parameters: Parameters
    do throws(JSONError) {
      parameters = try Parameters(json: frame)
    } catch {
      throw .refused(.badRequest, "parameters: \(error)")
    }
    policy.begin()
    let prepared = try statement(sql)
    defer { prepared.finish() }
    try prepared.bind(parameters)
    let rows = try wrapping(offset: prepared.start) { () throws(SQLiteError) in
      try prepared.render(format, maxBytes: maxBytes, into: &body)
    }
    guard let rows else {
      throw .refused(.tooLarge, "the answer is larger than \(maxBytes) bytes")
    }
    return rows
  }
}
