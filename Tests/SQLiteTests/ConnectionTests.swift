import SQLite
import Testing

@Suite struct ConnectionTests {
  private func memory() throws -> Connection {
    try Connection(":memory:", [.readWrite, .create])
  }

  @Test func bindsAndReads() throws {
    let statement = try memory().prepare("select ?1, :b, @c, $d, ?, typeof(:b)")
    #expect(statement.parameterCount == 5 && statement.columnCount == 6)
    #expect((1...5).map(statement.parameterName) == ["?1", ":b", "@c", "$d", nil])
    #expect(statement.columnName(5) == "typeof(:b)")
    try statement.bind(Int64.min, to: 1)
    try statement.bindText(UnsafeRawBufferPointer(start: nil, count: 0), to: 2)
    try statement.bindBlob(UnsafeRawBufferPointer(start: nil, count: 0), to: 3)
    try statement.bind(0.1, to: 4)
    #expect(try statement.step())
    guard case .integer(.min) = try statement.column(0),
      case .text(let text) = try statement.column(1),
      case .blob(let blob) = try statement.column(2), case .real(0.1) = try statement.column(3),
      case .null = try statement.column(4), case .text(let kind) = try statement.column(5)
    else { return #expect(Bool(false)) }
    #expect(text.isEmpty && blob.isEmpty && kind.elementsEqual("text".utf8))
    #expect(try !statement.step())
    statement.reset()
    statement.clearParameters()
    #expect(try statement.step())
    guard case .null = try statement.column(0) else { return #expect(Bool(false)) }
  }

  @Test func keepsOddBytes() throws {
    let statement = try memory().prepare("select ?")
    let bytes: [UInt8] = [0xff, 0, 0x61]
    try bytes.withUnsafeBytes { try statement.bindText($0, to: 1) }
    #expect(try statement.step())
    guard case .text(let read) = try statement.column(0) else { return #expect(Bool(false)) }
    #expect(Array(read) == bytes)
  }

  @Test func saysWhere() throws {
    let connection = try memory()
    let error = #expect(throws: SQLiteError.self) { try connection.prepare("select nope") }
    #expect(error?.code == .error && error?.message == "no such column: nope" && error?.offset == 7)
    #expect(throws: SQLiteError.self) { try connection.prepare("select ?").bind(1 as Int64, to: 2) }
  }

  @Test func saysWhyItCannotOpen() {
    let error = #expect(throws: SQLiteError.self) { try Connection("/nonexistent/x.db", .readOnly) }
    #expect(error?.code == .cannotOpen && error?.message == "unable to open database file")
    #expect(error?.systemCode == 2)
  }

  @Test func givesTheTail() throws {
    let connection = try memory()
    let sql = Array("select 1; select 2".utf8)
    try sql.withUnsafeBytes {
      let (statement, length) = try connection.prepare($0)
      #expect(statement != nil && length == 9)
      let nothing = try connection.prepare(UnsafeRawBufferPointer(rebasing: $0[8..<9]))
      #expect(nothing.statement == nil && nothing.length == 1)
    }
  }

  @Test func statementsOutliveTheName() throws {
    let statement = try memory().prepare("select 1")
    #expect(try statement.step())
  }

  @Test func asksHandlers() throws {
    let connection = try memory()
    var asked = 0
    connection.onProgress(every: 100) {
      asked += 1
      return asked == 3
    }
    let endless =
      "with recursive r(i) as (select 1 union all select i + 1 from r) select count(*) from r"
    let statement = try connection.prepare(endless)
    let error = #expect(throws: SQLiteError.self) { try statement.step() }
    #expect(error?.code == .interrupt && asked == 3)

    var seen: [Access.Kind] = []
    connection.authorize {
      seen.append($0.kind)
      return $0.kind != .attach
    }
    _ = try connection.prepare("select abs(1)")
    #expect(seen == [.select, .function])
    let denied = #expect(throws: SQLiteError.self) { try connection.prepare("attach 'x' as y") }
    #expect(denied?.code == .denied)
  }

  @Test func setsLimits() throws {
    let connection = try memory()
    #expect(connection.setLimit(.length, 1000) == 1_000_000_000)
    let error = #expect(throws: SQLiteError.self) {
      try connection.prepare("select zeroblob(2000)").step()
    }
    #expect(error?.code == .tooBig)
    try connection.set(.defensive, true)
  }

  @Test func noticesRecompilation() throws {
    let connection = try memory()
    try connection.execute("create table t(a); insert into t values(1)")
    let statement = try connection.prepare("select * from t")
    #expect(try statement.step())
    statement.reset()
    try connection.execute("alter table t add column b")
    #expect(statement.recompilations == 0)
    #expect(try statement.step())
    #expect(statement.recompilations == 1 && statement.columnCount == 2)
  }

  @Test func closesAfterItsLastStatement() throws {
    var connection: Connection? = try memory()
    var closed = 0
    connection?.closing = { close in
      close()
      closed += 1
    }
    var statement = try connection?.prepare("select 1")
    connection = nil
    #expect(closed == 0)
    withExtendedLifetime(statement) {}
    statement = nil
    #expect(closed == 1)
  }
}
