import Testing
import Wire

@testable import Router

@Suite struct TurnTests {
  private let start = Instant(microseconds: 5_000_000)

  @Test func endsAfterItsMessages() {
    var turn = Turn(now: start)
    for _ in 1..<Turn.messages { #expect(turn.goesOn(after: 10, now: start)) }
    #expect(!turn.goesOn(after: 10, now: start))
  }

  @Test func endsAfterItsBytesAndTakesAMessageOfAnySize() {
    var turn = Turn(now: start)
    #expect(turn.goesOn(after: Turn.bytes - 1, now: start))
    #expect(!turn.goesOn(after: 1, now: start))
    var other = Turn(now: start)
    #expect(!other.goesOn(after: 1 << 30, now: start))
  }

  @Test func endsAfterItsTime() {
    var turn = Turn(now: start)
    let end = start.adding(milliseconds: Turn.milliseconds)
    #expect(turn.goesOn(after: 10, now: end.adding(milliseconds: -1)))
    #expect(!turn.goesOn(after: 10, now: end))
  }
}
