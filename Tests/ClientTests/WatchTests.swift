import Client
import TestSupport
import Testing
import Toolkit
import Wire
import ZeroMQ

@Suite struct WatchTests {
  private func watching(_ change: (inout Settings) -> Void = { _ in }) -> TestClient {
    var client = TestClient(change)
    client.connect()
    client.startWatch()
    return client
  }

  @Test func asksAtOnceThenWaitsForAnotherVersion() {
    var client = watching()
    #expect(
      client.sent == [TestClient.Sent(id: 0, deadline: 30_000, ifVersion: nil, waits: false)])
    client.rows("a", version: "1")
    client.rows("b", version: "2")
    #expect(client.printed == ["a", "b"])
    #expect(client.sent.map(\.ifVersion) == [nil, "1", "2"])
    #expect(client.sent.map(\.waits) == [false, true, true])
    #expect(client.sent.map(\.deadline) == [30_000, 330_000, 330_000])
  }

  @Test func unchangedIsAskedAgainAndNotPrinted() {
    var client = watching()
    client.rows("a", version: "1")
    client.advance(330_000)
    client.answerLast(.unchanged)
    #expect(client.printed == ["a"])
    #expect(client.sent.map(\.ifVersion) == [nil, "1", "1"])
  }

  @Test func theSameRowsUnderAnotherVersionAreNotPrinted() {
    var client = watching()
    client.rows("a", version: "1")
    client.rows("a", version: "2")
    client.rows("b", version: "3")
    client.rows("a", version: "4")
    #expect(client.printed == ["a", "b", "a"])
    #expect(client.sent.last?.ifVersion == "4")
  }

  @Test func noRowsAtAllAreRowsToo() {
    var client = watching()
    client.rows("", version: "1")
    client.rows("a", version: "2")
    client.rows("", version: "3")
    #expect(client.printed == ["", "a", ""])
  }

  @Test func aRestartOfTheRouterIsNoticedByNobody() {
    var client = watching { $0.tries = 2 }
    client.rows("a", version: "1")
    for _ in 0..<20 {
      client.disconnect()
      client.advance(1000)
      client.connect()
      #expect(client.sent.last?.ifVersion == "1")
      client.answerLast(.unchanged)
    }
    #expect(client.printed == ["a"])
    #expect(client.output.count == 1)
  }

  @Test func aRouterThatStaysAwayEndsIt() {
    var client = watching()
    client.rows("a", version: "1")
    client.disconnect()
    client.advance(10_000)
    #expect(client.hasGivenUp)
  }

  @Test(arguments: [ErrorCode.busy, .draining])
  func aFullRouterIsAskedAgainAsOthersAre(code: ErrorCode) {
    var client = watching()
    client.rows("a", version: "1")
    let failure = Outcome.failure(Failure(code, "later", retryMilliseconds: 50))
    client.answerLast(failure)
    client.advance(50)
    #expect(client.sent.last?.id == 1)
    #expect(client.sent.last?.waits == true)
    client.rows("b", version: "2")
    #expect(client.printed == ["a", "b"])
  }

  @Test func whatHasWorkedIsAskedOnceMoreWithoutWaiting() {
    var client = watching()
    client.rows("a", version: "1")
    client.answerLast(.failure(Failure(.deadline, "too late")))
    #expect(client.reported.isEmpty)
    #expect(client.sent.last?.ifVersion == "1")
    #expect(client.sent.last?.waits == false)
    client.rows("b", version: "2")
    #expect(client.sent.last?.waits == true)
    client.answerLast(.failure(Failure(.deadline, "too late")))
    client.answerLast(.failure(Failure(.deadline, "too late again")))
    #expect(client.output == ["a", "b", "db: too late again"])
    #expect(client.statuses == [.tryAgain])
    #expect(client.watch?.hasEnded == true)
    #expect(client.session.isEmpty)
  }

  @Test func theFirstFailureAtTheStartEndsIt() {
    var client = watching()
    client.answerLast(.failure(Failure(.deadline, "too late")))
    #expect(client.output == ["db: too late"])
    #expect(client.watch?.hasEnded == true)
  }

  @Test(arguments: ErrorCode.allCases.filter { $0.exitStatus != .tryAgain })
  func aQueryThatFailsEndsIt(code: ErrorCode) {
    var client = watching()
    client.rows("a", version: "1")
    // What was dropped unread says when to send it again; what was broken off does not.
    let retryMilliseconds = code == .aborted ? nil : 1
    client.answerLast(.failure(Failure(code, "no", retryMilliseconds: retryMilliseconds)))
    client.advance(1000)
    #expect(client.output == ["a", "db: no"])
    #expect(client.statuses == [code.exitStatus])
    #expect(client.sent.count == 2)
    #expect(client.watch?.hasEnded == true)
  }

  @Test(arguments: [Outcome.rows(1), .unchanged])
  func anAnswerWithoutAVersionEndsIt(outcome: Outcome) {
    var client = watching()
    client.answerLast(outcome, body: "a")
    #expect(client.printed == (outcome == .unchanged ? [] : ["a"]))
    #expect(client.statuses == [.crashed])
    #expect(client.watch?.hasEnded == true)
  }
}

extension TestClient {
  /// The answer to the request that was sent last.
  mutating func answerLast(_ outcome: Outcome, version: String? = nil, body: String = "") {
    guard let id = sent.last?.id else { preconditionFailure("nothing was sent") }
    receive(Answer(id: id, outcome: outcome, version: version, body: .bytes(Array(body.utf8))))
  }

  mutating func rows(_ body: String, version: String) {
    answerLast(.rows(1), version: version, body: body)
  }
}
