import Testing
import Wire

@testable import Worker

@Suite struct BatchClockTests {
  private let start = Instant(microseconds: 1000)

  @Test func whenTheTimeIsOverNothingMoreIsBegun() {
    var clock = BatchClock()
    clock.begin(now: start)
    #expect(clock.goesOn(now: start.adding(microseconds: BatchClock.workMicroseconds - 1)))
    #expect(!clock.goesOn(now: start.adding(microseconds: BatchClock.workMicroseconds)))
  }

  @Test func anOverrunIsToldOnceAndEndsTheBatch() {
    var clock = BatchClock()
    let end = start.adding(milliseconds: BatchClock.overrunMilliseconds)
    var told = [clock.overruns(now: end)]
    clock.begin(now: start)
    for now in [end.adding(microseconds: -1), end, end] { told.append(clock.overruns(now: now)) }
    #expect(told == [false, false, true, false])
    #expect(!clock.goesOn(now: start))
  }

  @Test func whatIsGivenAloneHasNoBounds() {
    var clock = BatchClock()
    clock.begin(now: start)
    clock.end()
    let end = start.adding(milliseconds: 60_000)
    let isOverrun = clock.overruns(now: end)
    #expect(clock.goesOn(now: end) && !isOverrun)
  }
}
