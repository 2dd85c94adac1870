import Client
import Testing
import Wire

@Suite struct StatisticsTests {
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
