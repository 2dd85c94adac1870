import Client
import Testing
import Wire
import ZeroMQ

/// What is read from a router's message.
@Suite struct AnswerReaderTests {
  private func answers(_ frames: [String]) throws -> [Answer] {
    let context = try Context()
    let near = try Socket(.pair, in: context)
    let far = try Socket(.pair, in: context)
    try far.bind("inproc://reader")
    try near.connect("inproc://reader")
    _ = try near.send(frames.map { .bytes(Array($0.utf8)) })
    var reader = AnswerReader(try #require(try far.receive()))
    var lines = AnswerLines()
    var all: [Answer] = []
    while let answer = reader.next(&lines) { all.append(answer) }
    return all
  }

  private func read(_ frames: [String]) throws -> [String] {
    try answers(frames).map { answer in
      let body = answer.body.withBytes { String(decoding: $0, as: UTF8.self) }
      return "\(answer.id.map(String.init) ?? "-") \(body)"
    }
  }

  @Test func oneOrSeveral() throws {
    #expect(try read(["", "OK id=1 rows=1", "a"]) == ["1 a"])
    #expect(try read(["", "ERROR id=1 code=busy message=full"]) == ["1 "])
    #expect(
      try read(["", "MANY", "14:OK id=1 rows=1,1:a,14:OK id=2 rows=0,0:,"]) == ["1 a", "2 "])
    #expect(try read(["", "MANY", ""]) == [])
  }

  @Test func aSeriesHasAnAnswerForEach() throws {
    #expect(try read(["", "OK id=7 rows=3 each=3", "1:a,0:,2:cc,"]) == ["7 a", "8 ", "9 cc"])
    #expect(
      try read(["", "MANY", "21:OK id=7 rows=2 each=2,8:1:a,1:b,,14:OK id=1 rows=0,0:,"])
        == ["7 a", "8 b", "1 "])
    let busy = try answers(["", "ERROR id=7 code=busy message=full retry_ms=3 each=2"])
    #expect(busy.map(\.id) == [7, 8])
    #expect(
      busy.allSatisfy { $0.outcome == .failure(Failure(.busy, "full", retryMilliseconds: 3)) })
    let rows = try answers(["", "OK id=7 rows=3 each=2", "1:a,1:b,"]).map(\.outcome)
    #expect(rows == [.rows(3), .rows(0)])
    // The last part of the last series that there can be.
    let last = ClientMessage.maxSeriesID + UInt64(ClientMessage.maxEach) - 1
    #expect(try read(["", "OK id=\(last) rows=1 each=1", "1:a,"]) == ["\(last) a"])
  }

  @Test(arguments: ["", "1:a,", "1:a,1:b", "1:a,x"])
  func aSeriesWithoutRowsForEachIsNotUnderstood(body: String) throws {
    let all = try answers(["", "OK id=7 rows=3 each=2", body])
    #expect(all.map(\.id) == [7, 8])
    #expect(all[1].outcome == nil)
    #expect(!all[1].text.isEmpty)
  }

  @Test func whatCannotBeReadIsOneAsWell() throws {
    #expect(try read(["", "MANY", "14:OK id=1 rows=1,1:a,14:OK"]) == ["1 a", "- "])
    #expect(try read(["x", "OK id=1", ""]) == ["- "])
    #expect(try read([""]) == ["- "])
    #expect(try read(["", "MANY"]) == ["- "])
  }

  /// Answers of which only some values differ are what each of them is alone.
  @Test func answersThatAreAlike() throws {
    let same = "rows=1 tries=1 worker=w-1 version=v1"
    let lines = [
      "OK id=1 \(same) queue_us=2 run_us=3", "OK id=20 \(same) queue_us=30 run_us=4",
      "OK id=3 rows=2 tries=1 worker=w-1 version=v1 queue_us=2 run_us=3", "OK id=x rows=2",
      "OK id=4 rows=2", "NO id=4 rows=2", "NO id=5 rows=2", "MORE id=6 chunk=1",
      "MORE id=7 chunk=2",
      "OK id=8 rows=9 chunks=2", "ERROR id=9 code=sql message=\"a b\"",
      "ERROR id=10 code=sql message=\"a b\"", "OK id=11 rows=1 version=v1 failed=1 of=2",
      "OK id=12 rows=1 version=v2 failed=1 of=2",
      "OK id=13 \(same) queue_us=2 run_us=3",
      "OK id=14 rows=7 tries=1 worker=w-2 version=v1 queue_us=2 run_us=3",
      "OK id=15 rows=-7 tries=1 worker=w-2 version=v1 queue_us=2 run_us=3",
      "OK id=16 rows=2 each=2", "OK id=18 rows=3 each=3", "OK id=21 rows=3 each=x",
    ]
    func describe(_ all: [Answer]) -> [String] {
      all.map { answer in
        let what = (answer.id, answer.outcome, answer.chunk, answer.chunks, answer.omission)
        return "\(what) \(answer.text) \(answer.version ?? "-")"
      }
    }
    let packed = lines.map { "\($0.utf8.count):\($0),0:," }.joined()
    #expect(
      describe(try answers(["", "MANY", packed]))
        == describe(
          try lines.flatMap { try answers(["", $0, ""]) }))
  }
}
