import Client
import Testing
import Wire

@Suite struct WindowTests {
  /// A cluster that answers so many a second, and each after so many microseconds at least.
  private func settled(rate: Int, latency: Int64, size: Int = 100) -> Int {
    var window = Window(limit: 4096, now: .start)
    var now = Int64(0)
    for _ in 0..<2000 {
      // As many as fit into the latency are answered at once, but no faster than the cluster can.
      let count = window.limit
      now += max(latency, Int64(count) * 1_000_000 / Int64(rate))
      for _ in 0..<count { window.take(answerOf: size, now: Instant(microseconds: now)) }
    }
    return window.limit
  }

  @Test func itIsWhatIsAnsweredInFiveMilliseconds() {
    #expect(settled(rate: 5000, latency: 200) == 256)
    #expect((350...700).contains(settled(rate: 100_000, latency: 500)))
    #expect(settled(rate: 2_000_000, latency: 500) == 4096)
  }

  @Test func slowStatementsGetManyWorkers() {
    #expect(settled(rate: 1_000_000, latency: 1_000_000) == 256)
  }

  @Test func largeAnswersAreFew() {
    var window = Window(limit: 4096, now: .start)
    #expect(window.hasRoom(beside: 255))
    window.take(answerOf: 1 << 18, now: .start)
    #expect(window.hasRoom(beside: 63))
    #expect(!window.hasRoom(beside: 64))
    window.take(answerOf: 1 << 30, now: .start)
    #expect(window.hasRoom(beside: 15))
    #expect(!window.hasRoom(beside: 16))
    for _ in 0..<10_000 { window.take(answerOf: 100, now: .start) }
    #expect(window.hasRoom(beside: 255))
  }
}
