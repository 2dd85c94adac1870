import Client
import Testing
import Toolkit
import Wire
import ZeroMQ

@Suite struct StatisticsTests {
  @Test func theLineSaysWhatHasBecomeOfEverything() {
    var client = TestClient { $0.timeoutMilliseconds = 1000 }
    client.connect()
    client.submit(4)
    client.advance(2)
    client.answer(0, .rows(7), body: "xyz")
    client.answer(1, .failure(Failure(.sql, "no")))
    client.answer(2, .failure(Failure(.noSuchDatabase, "no")))
    client.advance(1750)
    client.advance(250)
    let line = client.session.statistics.line(microseconds: 2_002_500)
    #expect(
      line.description
        == "stats queries=4 ok=1 sql=1 no-such-database=1 unanswered=1 rows=7 bytes=3 "
        + "seconds=2.002 per_second=1 p50_ms=2.000 p90_ms=2.000 p99_ms=2.000 max_ms=2.000")
  }

  @Test func whatIsNotSentAsTheInputIsBadIsABadRequest() {
    var client = TestClient()
    client.connect()
    for status in [ExitStatus.badQuery, .badQuery, .inputOutput] {
      client.session.submit(.failure(ToolError("line 1", "no", status)), now: client.now)
    }
    client.submit(1)
    client.answer(3, .failure(Failure(.badRequest, "no")))
    #expect(client.session.statistics.failures == [.badRequest: 3, nil: 1])
  }

  @Test(arguments: Format.allCases) func rowsAreCountedAsTheyCome(format: Format) {
    func chunk(_ text: String) -> Session.Effect { .printChunk(.bytes(Array(text.utf8))) }
    var count = RowCount(format)
    let isCSV = format == .csv
    // In the other formats a quote says nothing about the end of a line.
    count.take(chunk(isCSV ? "a\r\n1\r\n\"two\n\"\"lines\"\r\n" : "\"1\n2\n"))
    #expect(count.rows == 2)
    count.take(chunk("3\n"))
    #expect(count.rows == 3)
    count.take(.print(Answer(id: 0, outcome: .rows(5), chunks: 2)))
    #expect(count.rows == 5)
    count.take(.print(Answer(id: 1, outcome: .rows(1))))
    #expect(count.rows == 6)
    count.take(chunk(isCSV ? "a\n1\n" : "1\n"))
    count.take(.report(ToolError("q", "broken off", .crashed)))
    #expect(count.rows == 7)
    // Whatever the router says.
    for _ in 1...3 { count.take(.print(Answer(id: 2, outcome: .rows(.max)))) }
  }
}
