import Testing

@testable import Broker

@Suite struct StatementHistoryTests {
  private var history = StatementHistory()

  private mutating func note(_ microseconds: Int64, of text: UInt64 = 1, on database: String) {
    record(text, on: database).note(microseconds: microseconds)
  }

  private mutating func record(_ text: UInt64 = 1, on database: String) -> StatementRecord {
    history.record(StatementKey(database: database, text: text))
  }

  @Test mutating func whatHasNotRunMayBeLong() {
    #expect(record(on: "a").microseconds == nil)
    #expect(record(on: "a").pace == .long)
  }

  @Test mutating func aTextThatIsNewToADatabaseIsExpectedToTakeWhatItTakesOnOthers() {
    note(20, on: "a")
    #expect(record(on: "b").pace == .quick)
    note(100_000, of: 2, on: "a")
    #expect(record(2, on: "b").pace == .long)
    #expect(record(3, on: "b").microseconds == nil)
  }

  @Test mutating func itsFirstRunThereMayBeCold() {
    note(20, on: "a")
    note(3000, on: "b")
    #expect(record(on: "b").pace == .quick)
  }

  @Test mutating func whatIsSlowThereIsSoFromTheFirstRunOn() {
    note(20, on: "a")
    note(10_000, on: "b")
    #expect(record(on: "b").pace == .short)
    #expect(record(on: "a").pace == .quick)
  }

  @Test mutating func whatATextTakesMostlyCounts() {
    for _ in 1...100 { note(20, on: "a") }
    for _ in 1...100 { note(5000, on: "b") }
    #expect(record(on: "c").pace == .short)
    for _ in 1...100 { note(20, on: "a") }
    #expect(record(on: "c").pace == .quick)
    #expect(record(on: "b").pace == .short)
  }

  @Test mutating func whatIsNotAskedForIsForgotten() {
    note(20, on: "a")
    note(30, of: 2, on: "a")
    for text in 3...UInt64(3 * StatementHistory.capacity) {
      _ = record(text, on: "a")
      if text.isMultiple(of: 100) { _ = record(2, on: "a") }
      let count = history.recent.count + history.older.count
      #expect(count <= 2 * StatementHistory.capacity)
    }
    #expect(record(on: "a").microseconds == nil)
    #expect(record(2, on: "a").microseconds == 30)
    #expect(record(2, on: "b").microseconds == 30)
  }
}
