import Testing
import Wire

@testable import Router

@Suite struct TurnTests {
  private let start = Instant(microseconds: 5_000_000)

  @Test func endsAfterItsMessages() {
    var turn = Turn(now: start)
    for _ in 1..<Turn.messages {
      let goesOn = turn.goesOn(after: 10, now: start)
      #expect(goesOn)
    }
    let goesOn = turn.goesOn(after: 10, now: start)
    #expect(!goesOn)
  }

  @Test func endsAfterItsBytesAndTakesAMessageOfAnySize() {
    var turn = Turn(now: start)
    let before = turn.goesOn(after: Turn.bytes - 1, now: start)
    #expect(before)
    let after = turn.goesOn(after: 1, now: start)
    #expect(!after)
    var other = Turn(now: start)
    let afterLarge = other.goesOn(after: 1 << 30, now: start)
    #expect(!afterLarge)
  }

  @Test func endsAfterItsTime() {
    var turn = Turn(now: start)
    let end = start.adding(milliseconds: Turn.milliseconds)
    let before = turn.goesOn(after: 10, now: end.adding(milliseconds: -1))
    #expect(before)
    let after = turn.goesOn(after: 10, now: end)
    #expect(!after)
  }
}
