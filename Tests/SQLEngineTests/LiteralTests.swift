import SQLite
import Testing
import Wire

@testable import SQLEngine

/// What SQLite prints, against what `Value(literal:)` takes for a number.
@Suite struct LiteralTests {
  @Test func whatSQLitePrintsIsANumber() throws {
    let statement = try Connection(":memory:", [.readWrite, .create])
      .prepare("select cast(?1 as text), typeof(?1)")
    var state: UInt64 = 7
    for step in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let bits = state ^ (state >> 31)
      let number = step % 2 == 0 ? Double(bitPattern: bits) : Double(Int64(bits % 2_000_000)) / 1000
      guard number.isFinite else { continue }
      try statement.bind(number, to: 1)
      #expect(try statement.step())
      guard case .text(let printed) = try statement.column(0) else { continue }
      let text = String(decoding: printed, as: UTF8.self)
      // The largest ones are rounded up beyond all numbers.
      if let real = Double(text), real.isFinite {
        #expect(Value(literal: text) == .real(real))
      }
      statement.reset()
    }
  }

  @Test func typesAreWhatSQLiteWouldKeep() throws {
    var engine = try SQLEngine(directory: nil)
    #expect(engine.ask("x", "select 1") == "no-such-database: no database 'x' here")
    let fixture = Fixture()
    try fixture.database("a.db", "create table t(x)")
    engine = try fixture.engine()
    for text in ["1", "-5", "1.5", "1e+20", "02134", "1e3", "9e999", "-0.0", "9223372036854775807"]
    {
      let parameters = Parameters.positional([Value(literal: text)]).json()
      #expect(
        engine.ask("a", Array("select ?".utf8), parameters) == Answer(stringLiteral: text + "\n"))
    }
  }
}
