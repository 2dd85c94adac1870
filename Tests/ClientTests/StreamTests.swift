import Client
import Testing
import Toolkit
import Wire
import ZeroMQ

@Suite struct StreamTests {
  private func client(
    _ count: Int, _ change: (inout Settings) -> Void = { _ in }
  ) -> TestClient {
    var client = TestClient(change)
    client.connect()
    client.submit(count)
    return client
  }

  @Test func theFirstInLineIsPrintedAsItComes() {
    var client = client(2)
    client.chunk(0, 1)
    #expect(client.chunks == "1")
    // Three beside the one that came, and one more as soon as that was printed.
    #expect(
      client.credits == [TestClient.Credit(id: 0, chunks: 3), TestClient.Credit(id: 0, chunks: 1)])
    client.answer(1)
    for number in 2...20 { client.chunk(0, number) }
    client.end(0, chunks: 20, body: "end")
    #expect(client.printed == [(1...20).map(String.init).joined() + "end", "1"])
    #expect(client.credits.reduce(0) { $0 + $1.chunks } == 3 + 20)
    #expect(client.session.isEmpty)
    #expect(client.session.statistics.rows == 2)
  }

  @Test func creditIsGivenOnlyForWhatIsPrinted() {
    var client = client(1)
    var granted = 1
    for number in 1...4 {
      // The loop has not come to printing.
      client.session.receive(
        Answer(id: 0, outcome: nil, chunk: number, body: .bytes([0x78])), now: client.now)
    }
    // The chunks beyond the first were not asked for.
    var effects: [String] = []
    while let effect = client.session.next(now: client.now) {
      switch effect {
      case .credit(_, let chunks): granted += chunks
      case .printChunk: effects.append("chunk")
      case .report(let error): effects.append(error.description)
      default: Issue.record("something else")
      }
    }
    #expect(effects == ["chunk", "chunk", "chunk", "chunk"])
    #expect(granted == 8)
  }

  @Test func othersAreLetGoAndComeInTheirTurn() {
    var client = client(3)
    client.chunk(1, 1)
    #expect(client.cancelled == [1])
    #expect(client.sent.count == 3)
    client.advance(29_000)
    client.answer(1, .failure(Failure(.cancelled, "taken back")))
    client.answer(0)
    // It has another id and all its time.
    let again = client.sent[3]
    #expect(again.line == 1 && again.id != 1 && again.deadline == 30_000)
    // Whatever comes under the old one is nobody's.
    client.chunk(1, 2)
    client.end(1, chunks: 1)
    client.answer(2)
    client.chunk(again.id, 1, body: "a")
    client.end(again.id, chunks: 1, body: "b")
    #expect(client.printed == ["0", "ab", "2"])
    #expect(client.reported.isEmpty)
  }

  @Test func toBeLetGoIsNoTry() {
    var client = client(2) { $0.tries = 1 }
    client.chunk(1, 1)
    client.answer(0)
    client.end(client.sent[2].id, chunks: 0, body: "x")
    #expect(client.printed == ["0", "x"])
  }

  @Test func aLetGoRequestWhoseResultIsSmallNowIsPrinted() {
    var client = client(3)
    client.chunk(1, 1)
    client.chunk(2, 1)
    client.answer(0)
    #expect(client.sent.count == 4)
    client.answer(client.sent[3].id, body: "x")
    client.answer(client.sent[4].id, body: "y")
    #expect(client.printed == ["0", "x", "y"])
  }

  private static let dropped = Outcome.failure(
    Failure(.aborted, "its client does not read", retryMilliseconds: 0))

  @Test func whatIsBrokenOffElsewhereIsNotAskedForAgain() {
    var client = client(2)
    client.answer(1, .failure(Failure(.aborted, "its peers were lost")))
    client.answer(0)
    #expect(client.sent.count == 2)
    #expect(client.statuses == [.crashed])
  }

  @Test func whatTheRouterHasDroppedComesInItsTurn() {
    var client = client(3) { $0.tries = 2 }
    client.answer(1, Self.dropped)
    client.answer(2, Self.dropped)
    #expect(client.sent.count == 3)
    // What is next already has no turn to wait for.
    client.advance(29_000)
    client.answer(0, Self.dropped)
    for line in 0...2 {
      #expect(client.sent.count == 4 + line)
      let again = client.sent[3 + line]
      #expect(again.line == line && again.deadline == 30_000)
      client.answer(again.id, body: "\(line)")
    }
    #expect(client.printed == ["0", "1", "2"])
    #expect(client.reported.isEmpty)
  }

  @Test func whatTheRouterAlwaysDropsFailsInTheEnd() {
    var client = client(1)
    for _ in 0...Settings.maxDrops { client.answer(0, Self.dropped) }
    #expect(client.sent.count == 1 + Settings.maxDrops)
    #expect(client.statuses == [.crashed])
  }

  @Test func whatTheRouterHasDroppedComesOneByOne() {
    var client = client(4) { $0.isOrdered = false }
    for id in [1, 2, 3] as [UInt64] { client.answer(id, Self.dropped) }
    for index in 4...6 {
      #expect(client.sent.count == index + 1)
      client.answer(client.sent[index].id, body: "\(client.sent[index].line)")
    }
    client.answer(0)
    #expect(client.printed == ["1", "2", "3", "0"])
    #expect(client.session.isEmpty)
  }

  @Test(arguments: [[2], [1, 1], [1, 3], [1, 2, 4], [1, 0], [1, -1]])
  func aGapBreaksTheResultOff(numbers: [Int]) {
    var client = client(2)
    for number in numbers { client.chunk(0, number) }
    #expect(client.reported.first?.contains("cannot understand the router's answer") == true)
    #expect(client.statuses == [.crashed])
    #expect(client.cancelled == [0])
    client.answer(1)
    #expect(client.printed == ["1"])
  }

  @Test(arguments: [0, 2, -1])
  func anEndThatCountsOtherwiseIsAGapToo(chunks: Int) {
    var client = client(1)
    client.chunk(0, 1)
    client.end(0, chunks: chunks)
    #expect(client.statuses == [.crashed])
    #expect(client.fragments == ["1"])
  }

  @Test func moreThanWasAskedForIsNotTaken() {
    var client = client(1)
    for number in 1...5 {
      client.session.receive(
        Answer(id: 0, outcome: nil, chunk: number, body: .bytes([0x78])), now: client.now)
    }
    client.advance(0)
    #expect(client.statuses == [.crashed])
    #expect(client.fragments == ["xxxx"])
  }

  @Test func whoAsksForNoChunksGetsNone() {
    var client = TestClient()
    client.connect()
    client.startWatch()
    client.chunk(0, 1)
    #expect(client.statuses == [.crashed])
  }

  @Test func aLostConnectionBreaksOffWhatHasBegun() {
    var client = client(2)
    client.chunk(0, 1)
    client.disconnect()
    client.connect()
    #expect(
      client.reported == [
        "line 0: the connection to the router was lost in the middle of the result"
      ])
    #expect(client.statuses == [.crashed])
    #expect(client.fragments == ["1"])
    #expect(client.sent.map(\.line) == [0, 1, 1])
    client.answer(1)
    #expect(client.printed == ["1"])
  }

  @Test func aLostConnectionSendsAgainWhatIsNotPrinted() {
    var client = client(2)
    client.session.receive(
      Answer(id: 0, outcome: nil, chunk: 1, body: .bytes([0x78])), now: client.now)
    client.disconnect()
    client.connect()
    #expect(client.sent.map(\.line) == [0, 1, 0, 1])
    client.chunk(0, 1)
    client.end(0, chunks: 1)
    client.answer(1)
    #expect(client.printed == ["1", "1"])
    #expect(client.reported.isEmpty)
    #expect(client.session.statistics.bytes == 2)
  }

  @Test func anErrorInTheMiddleIsNotTriedAgain() {
    var client = client(1)
    client.chunk(0, 1)
    client.answer(0, .failure(Failure(.draining, "it ends", retryMilliseconds: 1)))
    #expect(client.reported == ["line 0: it ends"])
    #expect(client.fragments == ["1"])
  }

  @Test func aResultThatStopsComingEndsInItsTime() {
    var client = client(1)
    client.chunk(0, 1)
    client.chunk(0, 2)
    client.advance(30_750)
    client.advance(250)
    #expect(client.reported == ["line 0: its time was over after 2 chunks of the result"])
    #expect(client.statuses == [.tryAgain])
  }

  @Test func whatMustBeWholeHasABound() {
    var client = client(1) { $0.maxWholeBytes = 3 << 20 }
    let mebibyte = String(repeating: "x", count: 1 << 20)
    for number in 1...4 { client.chunk(0, number, body: mebibyte) }
    #expect(
      client.reported == [
        "line 0: the result is larger than the 3 MiB that can be laid out; take another format"
      ])
    #expect(client.statuses == [.badQuery])
    #expect(client.cancelled == [0])
  }

  @Test func whatCannotBeKeptIsLetGoToo() {
    var client = client(4) { $0.maxAnswerBytes = 5 }
    client.answer(3, body: "xxx")
    client.answer(2, body: "xxx")
    client.answer(1, body: "xxx")
    #expect(client.cancelled.isEmpty)
    client.answer(0, body: "xxxxxxxxx")
    #expect(client.printed == ["xxxxxxxxx"])
    #expect(client.sent.map(\.line) == [0, 1, 2, 3, 1])
    client.answer(client.sent[4].id, body: "b")
    client.answer(client.sent[5].id, body: "c")
    #expect(client.printed == ["xxxxxxxxx", "b", "c", "xxx"])
  }

  // MARK: As they come

  @Test func unorderedResultsArePrintedAsTheyCome() {
    var client = client(4) { $0.isOrdered = false }
    for id: UInt64 in [3, 1, 0, 2] { client.answer(id) }
    #expect(client.printed == ["3", "1", "0", "2"])
    #expect(client.session.isEmpty)
  }

  @Test func nothingIsPrintedWithinAStream() {
    var client = client(4) { $0.isOrdered = false }
    client.chunk(2, 1, body: "a")
    client.answer(1)
    client.chunk(3, 1)
    client.answer(0, .failure(Failure(.sql, "no")))
    #expect(client.output.isEmpty)
    #expect(client.cancelled == [3])
    client.chunk(2, 2, body: "b")
    client.end(2, chunks: 2, body: "c")
    #expect(client.output == ["abc", "1", "line 0: no"])
    let again = client.sent[4]
    #expect(again.line == 3)
    client.chunk(again.id, 1, body: "d")
    client.end(again.id, chunks: 1)
    #expect(client.output.last == "d")
    #expect(client.session.isEmpty)
  }

  @Test func theNextStreamMayFailBeforeItBegins() {
    var client = client(3) { $0.isOrdered = false }
    for id: UInt64 in 0..<3 { client.chunk(id, 1, body: "a") }
    client.end(0, chunks: 1)
    client.answer(client.sent[3].id, .failure(Failure(.sql, "no")))
    client.end(client.sent[4].id, chunks: 0, body: "small")
    #expect(client.output == ["a", "line 1: no", "small"])
    #expect(client.session.isEmpty)
  }
}
