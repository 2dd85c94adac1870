import Client
import Testing
import Wire

@Suite struct StatisticsTests {
  @Test func quantilesAreWithinAnEighth() {
    var histogram = Histogram()
    for value in Int64(1)...10_000 { histogram.add(microseconds: value) }
    for (share, exact) in [(10, 100), (500, 5000), (900, 9000), (990, 9900)] {
      let value = histogram.quantile(perMille: share)
      #expect((Int64(exact)...Int64(exact + exact / 8 + 1)).contains(value))
    }
    #expect(histogram.quantile(perMille: 1000) == 10_000)
    #expect(histogram.max == 10_000)
  }

  @Test func extremesAreCounted() {
    var histogram = Histogram()
    #expect(histogram.quantile(perMille: 500) == 0)
    for value in [Int64.min, 0, 7, 8, Int64.max] { histogram.add(microseconds: value) }
    #expect(histogram.quantile(perMille: 1) == 0)
    #expect(histogram.quantile(perMille: 600) == 7)
    #expect(histogram.quantile(perMille: 800) == 8)
    #expect(histogram.quantile(perMille: 1000) == .max)
  }

  @Test func theLineSaysWhatHasBecomeOfEverything() {
    var client = TestClient { $0.timeoutMilliseconds = 1000 }
    client.connect()
    client.submit(4)
    client.advance(2)
    client.answer(0, .rows(7), body: "xyz")
    client.answer(1, .failure(Failure(.sql, "no")))
    client.answer(2, .failure(Failure(.noSuchDatabase, "no")))
    client.advance(2000)
    let line = client.session.statistics.line(microseconds: 2_002_500)
    #expect(
      line.description
        == "stats queries=4 ok=1 sql=1 no-such-database=1 unanswered=1 rows=7 bytes=3 "
        + "seconds=2.002 per_second=1 p50_ms=2.000 p90_ms=2.000 p99_ms=2.000 max_ms=2.000")
  }
}
