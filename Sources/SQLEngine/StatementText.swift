internal import Wire

/// What can be said of SQL before SQLite sees it.
enum StatementText {
  /// Refuses what is no text for SQLite.
  static func check(_ sql: UnsafeRawBufferPointer, maxBytes: Int) throws(RunError) {
    guard sql.count <= maxBytes else {
      throw .refused(.tooLarge, "the statement is longer than \(maxBytes) bytes")
    }
    if let offset = sql.firstIndex(of: 0) {
      throw .refused(.badRequest, "the statement has a NUL at byte \(offset)", offset: offset)
    }
    guard UTF8.isValid(sql) else { throw .refused(.badRequest, "the statement is not UTF-8") }
  }

  /// Where the next statement begins: behind space, comments and semicolons.
  ///
  /// The count when there is none.
  static func start(_ sql: UnsafeRawBufferPointer, from offset: Int) -> Int {
    var index = offset
    while index < sql.count {
      switch (sql[index], index + 1 < sql.count ? sql[index + 1] : 0) {
      case (0x09...0x0a, _), (0x0c...0x0d, _), (UInt8(ascii: " "), _), (UInt8(ascii: ";"), _):
        index += 1
      case (UInt8(ascii: "-"), UInt8(ascii: "-")):
        index = sql[index...].firstIndex(of: UInt8(ascii: "\n")) ?? sql.count
      case (UInt8(ascii: "/"), UInt8(ascii: "*")):
        index = commentEnd(sql, from: index + 2)
      default: return index
      }
    }
    return index
  }

  /// As for SQLite, a comment may lack its end.
  private static func commentEnd(_ sql: UnsafeRawBufferPointer, from start: Int) -> Int {
    var index = start
    while index + 1 < sql.count {
      if sql[index] == UInt8(ascii: "*") && sql[index + 1] == UInt8(ascii: "/") { return index + 2 }
      index += 1
    }
    return sql.count
  }
}
