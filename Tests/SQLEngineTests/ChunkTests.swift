import SQLite
import Testing
import Toolkit
import Wire
import Worker

@testable import SQLEngine

@Suite struct ChunkTests {
  private let fixture = Fixture()
  private let sql = "select id, name from t order by id"

  init() throws {
    try fixture.database(
      "a.db",
      """
      pragma journal_mode = wal;
      create table t(id integer primary key, name text);
      with recursive r(i) as (select 1 union all select i + 1 from r where i < 1000)
      insert into t select i, 'name ' || i from r;
      """)
  }

  /// A result as it came: its chunks, the last one what was left in the body.
  private func stream(
    _ engine: inout SQLEngine, _ sql: String, chunkBytes: Int = 1000, milliseconds: Int = 10_000,
    format: Format = .csv, send: (Int) -> Bool = { _ in true }
  ) -> (result: RunResult, chunks: [[UInt8]], locks: Set<Bool>) {
    let job = Job(
      attempt: Attempt(job: 1, number: 1), database: "a", format: format,
      deadlineMilliseconds: milliseconds)
    var body = ByteBuffer()
    var chunks: [[UInt8]] = []
    var locks: Set<Bool> = []
    let result = Array(sql.utf8).withUnsafeBytes { sql in
      engine.run(
        job, sql: sql, parameters: UnsafeRawBufferPointer(start: nil, count: 0),
        deadline: Clock.now().adding(milliseconds: milliseconds), isAbandoned: { false },
        into: &body, chunkBytes: chunkBytes
      ) { bytes, keepsWritersOut in
        locks.insert(keepsWritersOut)
        chunks.append(Array(bytes))
        return send(chunks.count)
      }
    }
    chunks.append(Array(body))
    return (result, chunks, locks)
  }

  @Test(arguments: Format.allCases) func chunksAreTheWholeResult(format: Format) throws {
    var engine = try fixture.engine()
    let whole = engine.ask("a", sql, format: format)
    let (result, chunks, _) = stream(&engine, sql, format: format)
    #expect(result == RunResult(.rows(1000), version: whole.version))
    #expect(String(decoding: chunks.joined(), as: UTF8.self) == whole.text)
    #expect(chunks.count > 10)
    for chunk in chunks.dropLast() {
      // At the end of a row, and not one row later than it had to be.
      #expect(chunk.count >= 1000 && chunk.count < 1100 && chunk.last == UInt8(ascii: "\n"))
    }
  }

  @Test func withoutALogAResultKeepsWritersOut() throws {
    for (mode, isLocked) in [("wal", false), ("delete", true)] {
      // Nobody has it open when the mode changes.
      try fixture.database("a.db", "pragma journal_mode = \(mode)")
      var engine = try fixture.engine()
      #expect(stream(&engine, sql).locks == [isLocked])
    }
  }

  @Test func onlyARowIsBounded() throws {
    var limits = RunLimits()
    limits.answerBytes = 2000
    limits.rows = 10
    var engine = try fixture.engine(limits)
    #expect(stream(&engine, sql).result.outcome == .rows(1000))
    let wide = "select printf('%.*c', id * 1500, 'x') as x from t"
    let (result, chunks, _) = stream(&engine, wide)
    #expect(
      result.outcome
        == .failure(Failure(.tooLarge, "a row of the answer is larger than 2000 bytes")))
    #expect(chunks.first?.count == 3 + 1500 + 2)
  }

  @Test(arguments: Format.allCases) func aRowMayBeAsLargeWhateverStandsBeforeIt(format: Format)
    throws
  {
    // Of the first row alone, which is not of the size of a chunk.
    let small = "select 'x' as x"
    let large = "select printf('%.*c', 1900, 'y') as x"
    var limits = RunLimits()
    var engine = try fixture.engine(limits)
    let header = format == .csv ? "x\r\n".utf8.count : 0
    limits.answerBytes = engine.ask("a", large, format: format).text.utf8.count - header
    engine = try fixture.engine(limits)
    let before = Array(repeating: small, count: 50).joined(separator: " union all ")
    for sql in [large, "\(before) union all \(large)", "\(large) union all \(small)"] {
      let (result, chunks, _) = stream(&engine, sql, format: format)
      guard case .rows = result.outcome else {
        Issue.record("\(sql): \(result)")
        continue
      }
      #expect(chunks.count == 2)
    }
    let (result, _, _) = stream(
      &engine, "\(small) union all select 'y' || x from (\(large))", format: format)
    #expect(
      result.outcome
        == .failure(
          Failure(.tooLarge, "a row of the answer is larger than \(limits.answerBytes) bytes")))
  }

  @Test func endsWhenNobodyWantsMore() throws {
    var engine = try fixture.engine()
    let (result, chunks, _) = stream(&engine, sql) { $0 < 3 }
    #expect(result.outcome == .failure(Failure(.cancelled, "nobody wants more of it")))
    #expect(chunks.count == 4)
    #expect(engine.ask("a", "select count(*) from t") == "1000\n")
  }

  @Test func theDeadlineHolds() throws {
    var engine = try fixture.engine()
    let (result, chunks, _) = stream(&engine, sql, milliseconds: 200) { count in
      if count == 2 {
        let end = Clock.now().adding(milliseconds: 250)
        while Clock.now() < end {}
      }
      return true
    }
    #expect(result.outcome == .failure(Failure(.deadline, "the deadline is over")))
    #expect(chunks.count == 3)
  }

  /// Whatever happens to the database while a chunk is on its way.
  @Test func theDataStaysTheSame() throws {
    var engine = try fixture.engine()
    let whole = engine.ask("a", sql, format: .csv)
    let writer = try fixture.database("a.db", "select 1")
    var failure: (any Error)?
    let (result, chunks, _) = stream(&engine, sql) { count in
      do {
        try writer.execute("delete from t where id > 100; insert into t values(\(-count), 'new')")
      } catch {
        failure = error
      }
      return true
    }
    #expect(failure == nil && result.version == whole.version)
    #expect(String(decoding: chunks.joined(), as: UTF8.self) == whole.text)
    #expect(engine.ask("a", "select count(*) from t where id > 0") == "100\n")
  }
}
