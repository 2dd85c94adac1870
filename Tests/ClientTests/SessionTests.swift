import Client
import Testing
import Toolkit
import Wire

@Suite struct SessionTests {
  @Test func answersArePrintedInOrder() {
    var client = TestClient()
    client.connect()
    client.submit(3)
    #expect(client.sent.map(\.id) == [0, 1, 2])
    client.answer(2)
    client.answer(0)
    #expect(client.printed == ["0"])
    client.answer(1)
    #expect(client.printed == ["0", "1", "2"])
    #expect(client.session.isEmpty)
  }

  @Test func sendingComesBeforePrinting() {
    var client = TestClient()
    client.connect()
    client.submit(1)
    client.session.receive(Answer(id: 0, outcome: .rows(0)), now: client.now)
    let query = Query(id: nil, database: "db", format: .json)
    client.session.submit(
      .request(Request(.query(query), sql: [], place: .argument("db"))), now: client.now)
    guard case .send = client.session.next(now: client.now) else {
      Issue.record("it is not sent first")
      return
    }
  }

  @Test func nothingIsSentBeforeTheConnectionStands() {
    var client = TestClient()
    client.submit(2)
    #expect(client.sent.isEmpty)
    client.connect()
    #expect(client.sent.map(\.id) == [0, 1])
  }

  @Test func whatIsLeftOfTheTimeTravels() {
    var client = TestClient { $0.timeoutMilliseconds = 1000 }
    client.submit(1)
    client.advance(250)
    client.connect()
    #expect(client.sent.map(\.deadline) == [750])
  }

  @Test func whatARouterThatEndsDoesNotAnswerIsNotSentAgain() {
    var client = TestClient { $0.tries = 1 }
    client.connect()
    client.submit(4)
    client.session.drain()
    #expect(!client.session.isDrained)
    client.answer(3)
    client.answer(1, .failure(Failure(.draining, "the end")))
    client.answer(0)
    client.answer(2)
    #expect(client.session.isDrained)
    #expect(client.printed == ["0"])
    client.advance(40_000)
    #expect(client.sent.count == 4)
    #expect(client.reported.isEmpty)
    #expect(client.session.giveUp() == .input(line: 1, column: 1))
  }

  @Test func whatWasRefusedBeforeTheRouterWasSeenToEndIsNotSentAgainEither() {
    var client = TestClient()
    client.connect()
    client.submit(2)
    client.answer(0, .failure(Failure(.draining, "the end")))
    client.session.drain()
    client.answer(1)
    #expect(client.session.isDrained)
    client.advance(1000)
    #expect(client.sent.count == 2)
    #expect(client.printed.isEmpty && client.reported.isEmpty)
  }

  @Test func withoutAConnectionItGivesUpSoon() {
    var client = TestClient()
    client.submit(1)
    client.advance(799)
    #expect(!client.hasGivenUp)
    client.advance(1)
    #expect(client.hasGivenUp)
    #expect(client.reported.isEmpty)
  }

  /// Closes each connection at once, until it gives up.
  private func closeConnections(of client: inout TestClient) {
    var closed = client.attempts.count
    client.disconnect()
    while !client.hasGivenUp {
      if client.attempts.count > closed {
        closed += 1
        client.disconnect()
      } else {
        client.advance(1)
      }
    }
  }

  @Test func attemptsThatEndAtOnceAreMadeEverMoreSlowly() {
    var client = TestClient()
    client.submit(1)
    closeConnections(of: &client)
    // All of the time that a first connection has, and no more.
    #expect(client.attempts == [10, 30, 70, 150, 310, 630])
    #expect(client.now == Instant(microseconds: 1).adding(milliseconds: 800))
  }

  @Test func attemptsToComeBackEndInTheirTime() {
    var client = TestClient()
    client.connect()
    client.submit(1)
    client.advance(1000)
    closeConnections(of: &client)
    #expect(client.attempts.prefix(3) == [1000, 1010, 1030])
    #expect(client.attempts.count < 30)
    #expect(client.now == Instant(microseconds: 1).adding(milliseconds: 11_000))
  }

  @Test func aConnectionThatHeldIsMadeAnewAtOnce() {
    var client = TestClient()
    for _ in 0..<10 {
      client.connect()
      client.disconnect()
      client.advance(1000)
    }
    client.connect()
    client.advance(1000)
    client.attempts = []
    client.disconnect()
    #expect(client.attempts.count == 1)
    client.connect()
    client.disconnect()
    #expect(client.attempts.count == 1)
    client.advance(10)
    #expect(client.attempts.count == 2)
  }

  @Test func aRouterThatStaysAwayIsGivenUp() {
    var client = TestClient()
    client.connect()
    client.submit(1)
    client.advance(1000)
    client.disconnect()
    client.advance(9_999)
    #expect(!client.hasGivenUp)
    client.connect()
    client.disconnect()
    client.advance(9_999)
    #expect(!client.hasGivenUp)
    client.advance(1)
    #expect(client.hasGivenUp)
  }

  @Test func whatIsOpenWhenItGivesUpIsUnanswered() {
    var client = TestClient()
    client.connect()
    client.submit(3)
    client.answer(0)
    client.answer(2)
    client.disconnect()
    client.advance(10_000)
    #expect(client.hasGivenUp && client.session.giveUp()?.line == 1)
    let statistics = client.session.statistics
    #expect(statistics.queries == 3 && statistics.succeeded == 2 && statistics.failures == [nil: 1])
  }

  @Test func aLostConnectionSendsAgainInOrder() {
    var client = TestClient()
    client.connect()
    client.submit(3)
    client.answer(1)
    client.disconnect()
    client.submit(1)
    client.sent = []
    client.advance(5000)
    client.connect()
    #expect(client.sent.map(\.id) == [0, 2, 3])
    #expect(client.sent.map(\.deadline) == [25_000, 25_000, 25_000])
    for id: UInt64 in [0, 2, 3] { client.answer(id) }
    #expect(client.printed == ["0", "1", "2", "3"])
  }

  @Test func triesCountAlsoReconnects() {
    var client = TestClient { $0.tries = 2 }
    client.connect()
    client.submit(1)
    client.disconnect()
    client.connect()
    #expect(client.sent.count == 2)
    client.disconnect()
    #expect(
      client.reported == ["line 0: the connection to the router was lost, sent 2 times"])
    #expect(client.statuses == [.tryAgain])
  }

  @Test(arguments: [ErrorCode.busy, .draining])
  func busyIsTriedAgainAfterAWhile(code: ErrorCode) {
    var client = TestClient { $0.tries = 2 }
    client.connect()
    client.submit(1)
    client.answer(0, .failure(Failure(code, "later", retryMilliseconds: 50)))
    client.advance(49)
    #expect(client.sent.count == 1)
    client.advance(1)
    #expect(client.sent.map(\.deadline) == [30_000, 29_950])
    client.answer(0, .failure(Failure(code, "later", retryMilliseconds: 50)))
    #expect(client.reported == ["line 0: later"])
    #expect(client.statuses == [.tryAgain])
  }

  @Test func aRetryThatWouldComeTooLateIsNotWaitedFor() {
    var client = TestClient { $0.timeoutMilliseconds = 1000 }
    client.connect()
    client.submit(1)
    client.answer(0, .failure(Failure(.busy, "later", retryMilliseconds: Int.max)))
    #expect(client.reported == ["line 0: later"])
  }

  @Test func silenceEndsAfterTheGrace() {
    var client = TestClient { $0.timeoutMilliseconds = 1000 }
    client.connect()
    client.submit(1)
    client.advance(1750)
    client.advance(249)
    #expect(client.reported.isEmpty)
    client.advance(1)
    #expect(client.reported == ["line 0: no answer came in its time, sent once"])
    client.answer(0)
    #expect(client.printed.isEmpty)
  }

  @Test func answersThatCameWhileItStoodStillAreReceived() {
    var client = TestClient { $0.timeoutMilliseconds = 1000 }
    client.connect()
    client.submit(2)
    client.advance(10_000)
    #expect(client.reported.isEmpty)
    client.answer(0)
    #expect(client.printed == ["0"])
    client.advance(249)
    #expect(client.reported.isEmpty)
    client.advance(1)
    #expect(client.reported == ["line 1: no answer came in its time, sent once"])
  }

  @Test func withoutARouterItWaitsForItsTimeAlone() {
    var client = TestClient { $0.timeoutMilliseconds = 1000 }
    client.connect()
    client.disconnect()
    client.submit(1)
    client.advance(1000)
    #expect(client.reported == ["line 0: no router to send it to until its time was over"])
  }

  @Test func theFirstThatNoRouterHasAnsweredIsNamed() {
    var client = TestClient { $0.timeoutMilliseconds = 1000 }
    client.connect()
    client.submit(3)
    client.answer(0)
    client.answer(2)
    client.disconnect()
    client.submit(1)
    client.advance(1000)
    #expect(client.reported.count == 2)
    client.connect()
    client.submit(2)
    client.disconnect()
    client.submit(1)
    client.advance(1000)
    client.advance(8_500)
    client.submit(1)
    client.advance(500)
    // What failed before the router that was there last is told of only once.
    #expect(client.hasGivenUp && client.session.giveUp()?.line == 4)
  }

  @Test func failuresKeepTheirPlace() {
    var client = TestClient()
    client.connect()
    client.submit(1)
    client.session.submit(
      .failure(ToolError("line 2", "too long", .badQuery)), now: client.now)
    client.submit(1)
    client.answer(2)
    #expect(client.reported.isEmpty)
    client.answer(0, .failure(Failure(.denied, "no")))
    #expect(client.reported == ["line 0: no", "line 2: too long"])
    #expect(client.statuses == [.denied, .badQuery])
    #expect(client.printed == ["2"])
  }

  @Test func strangeAnswersHarmNobody() {
    var client = TestClient()
    client.connect()
    client.submit(2)
    client.receive(Answer(id: 7, outcome: .rows(0)))
    client.receive(Answer(id: nil, outcome: .rows(0)))
    client.receive(Answer(id: nil, outcome: nil, text: "no line"))
    client.receive(Answer(id: nil, outcome: .failure(Failure(.badRequest, "no database"))))
    client.receive(Answer(id: nil, outcome: .failure(Failure(.badRequest, ""))))
    #expect(client.complaints == ["no line", "no database", "bad-request"])
    client.receive(Answer(id: 0, outcome: nil, text: "MAYBE id=0"))
    #expect(client.reported == ["line 0: cannot understand the router's answer: MAYBE id=0"])
    #expect(client.statuses == [.crashed])
    client.answer(1)
    client.answer(1)
    #expect(client.printed == ["1"])
  }

  @Test func theWindowIsBounded() {
    var client = TestClient {
      $0.window = 3
      $0.maxAnswerBytes = 2
    }
    client.connect()
    client.submit(3)
    #expect(!client.session.hasRoom)
    client.answer(0)
    #expect(client.session.hasRoom)
    client.answer(2, .rows(1), body: "xx")
    #expect(!client.session.hasRoom)
    client.answer(1)
    #expect(client.printed == ["0", "1", "xx"])
    #expect(client.session.hasRoom)
  }
}
