import Testing
import Wire

@testable import Router

@Suite struct RetryTests {
  /// The attempts within so many milliseconds of which none succeeds.
  private func attempts(_ retry: inout Retry, _ milliseconds: Int) -> [Int] {
    var (time, all) = (0, [Int]())
    while time < milliseconds {
      retry.failed(now: Instant.start.adding(milliseconds: 1000 + time))
      all.append(time)
      time += retry.milliseconds
    }
    return all
  }

  @Test func whoeverTakesNothingIsTriedEverMoreSeldom() {
    var retry = Retry()
    let attempts = attempts(&retry, 10_000)
    #expect(attempts.prefix(16).elementsEqual(0..<16))
    for (time, next) in zip(attempts, attempts.dropFirst()) {
      #expect(next - time <= max(1, min(50, time / 8)))
    }
    #expect(attempts.count < 300 && retry.milliseconds == 50)
  }

  @Test func itBeginsAnewWithWhatIsSentOrNew() {
    var retry = Retry()
    _ = attempts(&retry, 10_000)
    retry.begin()
    #expect(retry.milliseconds == 1)
    #expect(attempts(&retry, 16).count == 16)
  }
}
