import Testing
import Wire

@testable import Broker

/// To whom requests are handed, and what becomes of them there.
@Suite struct PeerTests {
  /// A worker here is busy with something long; the peer has time.
  private func busyBench(tries: Int = 3) throws -> (bench: Bench, busy: Attempt) {
    var bench = Bench(peers: 1, tries: tries)
    bench.ready("w-1", dbs: ["a"])
    bench.capacity(dbs: ["a", "b"])
    bench.query("busy")
    let attempt = try bench.job().attempt
    return (bench, attempt)
  }

  // MARK: Who is handed over

  @Test func workersHereComeFirst() throws {
    var bench = Bench(peers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.capacity(workers: 8, dbs: ["a"])
    bench.query("1")
    #expect(try bench.job().request == "1")
    #expect(bench.handed().isEmpty)
    bench.query("2")
    let handover = try bench.handover()
    #expect(handover.request == "2")
    #expect(handover.query.way == ["here"])
    bench.peerAnswers(handover.attempt)
    #expect(bench.codes() == ["2": "OK"])
  }

  @Test func whatIsQuickWaitsHereUntilThereIsMoreThanOneGoOfIt() throws {
    var bench = Bench(peers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.capacity(dbs: ["a"])
    bench.query("q?0")
    bench.answer("w-1", 10, try bench.job().attempt)
    bench.query("long")
    _ = try bench.job()
    bench.gather { bench in
      for number in 0..<Constants.batchRequests { bench.query("q?\(number)") }
    }
    #expect(bench.handed().isEmpty)
    bench.query("q?more")
    #expect(bench.handed().count == 1)
  }

  @Test func aDatabaseThatIsOnlyThereIsAskedForThereAtOnce() throws {
    var bench = Bench(peers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.capacity(others: 9, dbs: ["b"])
    bench.query("1", db: "b")
    #expect(try bench.handover().request == "1")
    // Whatever others have there: but not without end.
    bench.query("2", db: "b")
    #expect(bench.handed().isEmpty)
  }

  @Test func whoHasTimeGoesBeforeWhoHasNot() throws {
    var bench = Bench(peers: 2)
    bench.capacity(of: 0, workers: 4, others: 9, dbs: ["b"])
    bench.capacity(of: 1, workers: 1, dbs: ["b"])
    bench.query("1", db: "b")
    #expect(try bench.handover().peer == 1)
    bench.query("2", db: "b")
    #expect(try bench.handover().peer == 0)
  }

  @Test func whoeverIsBusyIsNotHandedMore() throws {
    var (bench, _) = try busyBench()
    bench.capacity(workers: 2, others: 2)
    bench.query("1")
    #expect(bench.handed().isEmpty)
    bench.capacity(workers: 2, others: 1)
    #expect(bench.handed().count == 1)
    // That is all the room there is until it has answered.
    bench.query("2")
    bench.capacity(workers: 2, others: 1)
    #expect(bench.handed().isEmpty)
  }

  @Test func aRequestGoesToNobodyByWhomItHasCome() throws {
    var bench = Bench(peers: 2)
    bench.capacity(of: 0, workers: 4, dbs: ["a"])
    bench.capacity(of: 1, workers: 4, dbs: ["a"])
    bench.query("1", from: "x", way: ["far", "there-0"])
    let handover = try bench.handover()
    #expect(handover.peer == 1)
    #expect(handover.query.way == ["far", "there-0", "here"])
    // And nobody is handed what it has sent, whatever it says.
    bench.question(from: "there-1")
    bench.query("2", from: "there-1")
    #expect(try bench.handover().peer == 0)
  }

  @Test func aRequestThatHasComeThroughHereIsNotTaken() {
    var bench = Bench(peers: 0)
    bench.ready("w-1", dbs: ["a"])
    bench.query("1", way: ["here", "there"])
    #expect(bench.codes() == ["1": "busy"])
  }

  @Test func aWayHasAnEnd() throws {
    var bench = Bench(peers: 1)
    bench.capacity(workers: 8, dbs: ["a"])
    bench.query("1", from: "x", way: (1...7).map { "b\($0)" })
    #expect(try bench.handover().query.way.count == 8)
    bench.query("2", from: "x", way: (1...8).map { "b\($0)" })
    #expect(bench.handed().isEmpty)
    #expect(bench.codes() == ["2": "no-such-database"])
  }

  @Test func whatHasComeFarIsGivenBackWhenTheDatabaseIsOnlyWhereItCameFrom() throws {
    var bench = Bench(peers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.capacity(workers: 8, dbs: ["a"])
    bench.query("busy")
    let busy = try bench.job().attempt
    bench.query("1", from: "there-0", way: ["there-0"])
    #expect(bench.handed().isEmpty && bench.answers().isEmpty)
    bench.answer("w-1", 10, busy, dbs: ["b"])
    #expect(bench.codes() == ["busy": "OK", "1": "no-such-database"])
  }

  @Test func itselfIsOfNoUse() {
    var bench = Bench(peers: 1)
    bench.capacity(of: 0, "here", workers: 8, dbs: ["b"])
    bench.query("1", db: "b")
    #expect(bench.handed().isEmpty)
    #expect(bench.codes() == ["1": "no-such-database"])
    #expect(bench.events().isEmpty)
  }

  // MARK: What comes back

  @Test func whatAPeerHadIsExpectedUntilItsWorkersHaveCome() throws {
    var bench = Bench(peers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.capacity(dbs: ["b", "c"])
    bench.disconnect(peer: 0)
    bench.capacity(workers: 0, revision: 0, dbs: [], isStarting: true)
    bench.query("1", db: "b")
    bench.query("2", db: "c")
    #expect(bench.codes().isEmpty && bench.broker.knownNames == ["a", "b", "c"])
    // Lost again, before all of them were there.
    bench.capacity(revision: 1, dbs: ["b"], isStarting: true)
    #expect(try bench.handover().request == "1")
    bench.disconnect(peer: 0)
    bench.capacity(revision: 1, dbs: ["b"], isStarting: true)
    #expect(try bench.handover().request == "1")
    #expect(bench.codes().isEmpty && bench.broker.knownNames == ["a", "b", "c"])
    bench.capacity(revision: 1)
    bench.ready("w-1")
    #expect(bench.codes() == ["2": "no-such-database"])
    #expect(bench.broker.knownNames == ["a", "b"])
  }

  @Test func aBrokerSaysThatItHasJustStarted() throws {
    var bench = Bench(peers: 0, expectedWorkers: 1)
    bench.question(from: "there")
    #expect(try bench.offers().map(\.capacity.isStarting) == [true])
    bench.ready("w-1", dbs: ["a"])
    bench.pass(milliseconds: 250)
    bench.question(from: "there")
    #expect(try bench.offers().map(\.capacity.isStarting) == [false])
  }

  @Test(arguments: [Show.Subject.databases, .peers])
  func listsWaitForPeersAtTheStart(_ subject: Show.Subject) {
    var bench = Bench(peers: 2, expectedWorkers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.show("list", subject)
    bench.ready("w-1", dbs: ["a"])
    bench.capacity(of: 0, workers: 0, dbs: [])
    bench.ready("w-1")
    #expect(bench.codes().isEmpty)
    bench.capacity(of: 1, workers: 0, dbs: [])
    bench.ready("w-1")
    #expect(bench.codes() == ["list": "OK"])
  }

  @Test func listsWaitNoLongerForPeersThatStayAway() {
    var bench = Bench(peers: 1, expectedWorkers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.show("list")
    bench.query("name", db: "b")
    bench.ready("w-1")
    bench.ready("w-1")
    bench.pass(milliseconds: 1400)
    #expect(bench.codes().isEmpty)
    bench.pass(milliseconds: 601)
    bench.ready("w-1")
    let answers = Dictionary(uniqueKeysWithValues: bench.answers())
    #expect(answers.mapValues(\.word) == ["list": "OK", "name": "ERROR"])
    #expect(
      answers["name"]?["message"]
        == "no worker has a database 'b'; peer tcp://there-0 is not there")
  }

  @Test func aPeerThatDoesNotComeIsMissedOnce() {
    var bench = Bench(peers: 1)
    bench.pass(milliseconds: 1400)
    #expect(bench.events().isEmpty)
    for _ in 0..<10 { bench.pass(milliseconds: 500) }
    #expect(bench.eventLines().map { $0.word + ($0["peer"] ?? "") } == ["peer.losttcp://there-0"])
    bench.capacity(dbs: ["a"])
    bench.disconnect(peer: 0)
    for _ in 0..<10 { bench.pass(milliseconds: 500) }
    #expect(bench.events() == ["peer.joined", "peer.lost"])
  }

  @Test(arguments: [ErrorCode.busy, .draining])
  func whoeverGivesBackIsHandedNothingUntilItAsksForMore(_ code: ErrorCode) throws {
    var (bench, busy) = try busyBench()
    bench.query("1")
    bench.peerFails(try bench.handover().attempt, code)
    #expect(bench.answers().isEmpty && bench.handed().isEmpty)
    bench.capacity()
    let again = try bench.handover().attempt
    #expect(again.number == 2)
    bench.peerFails(again, code)
    // It was never begun.
    bench.answer("w-1", 10, busy)
    _ = bench.answers()
    let job = try bench.job()
    bench.answer("w-1", 10, job.attempt)
    #expect(bench.answers().first?.line["tries"] == "1")
  }

  @Test func aDatabaseThatIsGoneThereIsLookedForElsewhere() throws {
    var bench = Bench(peers: 2)
    bench.capacity(of: 0, workers: 2, dbs: ["b"])
    bench.capacity(of: 1, dbs: ["b"])
    bench.query("1", db: "b")
    let first = try bench.handover()
    #expect(first.peer == 0)
    bench.peerFails(first.attempt, .noSuchDatabase)
    let second = try bench.handover()
    #expect(second.peer == 1)
    bench.peerFails(second.attempt, .noSuchDatabase, from: 1)
    #expect(bench.codes() == ["1": "no-such-database"])
    // It is asked for its list again.
    bench.pass(milliseconds: 250)
    #expect(bench.questions().map(\.revision) == [-1, -1])
    bench.capacity(of: 0, dbs: ["b"])
    bench.query("2", db: "b")
    #expect(bench.handed().count == 1)
  }

  @Test func otherErrorsPassThrough() throws {
    for code in ErrorCode.allCases {
      switch code {
      case .busy, .draining, .noSuchDatabase, .crashed, .aborted: continue
      default: break
      }
      var (bench, _) = try busyBench()
      bench.query("1")
      bench.peerFails(try bench.handover().attempt, code)
      #expect(bench.codes() == ["1": code.rawValue])
    }
  }

  @Test func anAnswerToAnEarlierAttemptIsNone() throws {
    var (bench, _) = try busyBench()
    bench.query("1")
    let first = try bench.handover().attempt
    bench.peerFails(first, .busy)
    bench.capacity()
    let second = try bench.handover().attempt
    bench.peerAnswers(first)
    #expect(bench.answers().isEmpty)
    bench.peerAnswers(second)
    bench.peerAnswers(second)
    #expect(bench.codes() == ["1": "OK"])
  }

  // MARK: Deaths

  @Test func deathsThereAreCountedHere() throws {
    var (bench, _) = try busyBench()
    for number in 1...3 {
      bench.query("1?x", db: "b", from: "c\(number)")
      bench.peerFails(try bench.handover().attempt, .crashed)
      if number == 3 { break }
      // What nobody here has is tried again there, alone.
      bench.pass(milliseconds: 1000)
      bench.capacity()
      let again = try bench.handover().attempt
      bench.peerAnswers(again, run: number == 1 ? 5 : nil)
      _ = bench.answers()
    }
    // One run was lived through: that makes two deaths since.
    #expect(!bench.events().contains("request.quarantined"))
  }

  @Test func whatHasKilledEnoughWorkersThereIsCrashed() throws {
    var bench = Bench(peers: 1)
    bench.capacity(workers: 9, dbs: ["b"])
    bench.query("1", db: "b")
    for _ in 1...2 {
      bench.peerFails(try bench.handover().attempt, .crashed)
      #expect(bench.answers().isEmpty)
      bench.pass(milliseconds: 1001)
      bench.capacity(workers: 9)
    }
    bench.peerFails(try bench.handover().attempt, .crashed)
    #expect(bench.codes() == ["1": "crashed"])
    bench.query("2", db: "b")
    bench.query("1", db: "b")
    #expect(bench.codes() == ["1": "quarantined"])
  }

  @Test func aSuspectStaysHere() throws {
    var (bench, busy) = try busyBench()
    bench.query("1")
    bench.peerFails(try bench.handover().attempt, .crashed)
    bench.capacity(workers: 9)
    #expect(bench.handed().isEmpty)
    bench.answer("w-1", 10, busy)
    let job = try bench.job()
    #expect(job.request == "1" && job.attempt.number == 2)
  }

  @Test func whatHasComeFarIsTriedOnlyWhereItEntered() throws {
    var bench = Bench(peers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.query("1", from: "x", way: ["far"])
    _ = try bench.job()
    bench.disconnect(worker: "w-1/10")
    #expect(bench.codes() == ["1": "crashed"])
    // Neither is it begun again when the next one is lost with it.
    bench.capacity(dbs: ["a"])
    bench.query("2", from: "x", way: ["far"])
    #expect(try bench.handover().request == "2")
    bench.disconnect(peer: 0)
    #expect(bench.codes() == ["2": "aborted"])
  }

  // MARK: Losses

  @Test func aLostPeerCostsOneRetry() throws {
    var (bench, busy) = try busyBench()
    bench.query("1")
    _ = try bench.handover()
    bench.disconnect(peer: 0)
    #expect(bench.reconnects() == [0])
    bench.capacity(dbs: ["a"])
    // It stays here, as it can.
    #expect(bench.handed().isEmpty)
    bench.answer("w-1", 10, busy)
    let job = try bench.job()
    #expect(job.request == "1")
    bench.answer("w-1", 10, job.attempt)
    #expect(bench.codes() == ["busy": "OK", "1": "OK"])
  }

  @Test func whateverPeersAreLostWithEndsSomeTime() throws {
    var bench = Bench(peers: 1, tries: 2)
    bench.query("1", db: "b")
    #expect(bench.codes() == ["1": "no-such-database"])
    bench.capacity(dbs: ["b"])
    bench.query("1", db: "b")
    for _ in 1...3 {
      #expect(bench.answers().isEmpty)
      _ = try bench.handover()
      bench.disconnect(peer: 0)
      bench.capacity(dbs: ["b"])
    }
    let (_, line) = try #require(bench.answers().first)
    #expect(line["code"] == "aborted" && line["tries"] == "3")
    #expect(bench.handed().isEmpty)
  }

  @Test func aWatchOutlivesItsPeersAndEndsWithItsOwnBroker() throws {
    var bench = Bench(peers: 1, tries: 2)
    bench.capacity(dbs: ["b"])
    bench.query("1", db: "b", ifVersion: "v1", waits: true)
    for _ in 1...5 {
      _ = try bench.handover()
      bench.disconnect(peer: 0)
      bench.capacity(dbs: ["b"])
    }
    let attempt = try bench.handover().attempt
    #expect(bench.answers().isEmpty)
    bench.query("2", db: "b")
    bench.drain(milliseconds: 10_000)
    #expect(bench.codes() == ["1": "draining"])
    #expect(bench.toldPeers() == [.cancel(id: attempt.handedID)])
  }

  @Test func whatHasComeHereIsFoundBeforeAnybodyAsksForIt() throws {
    var bench = Bench(peers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.question(from: "there")
    #expect(bench.told() == ["w-1/10": .rescan])
    bench.ready("w-1", dbs: ["a", "new"])
    #expect(try bench.offers().map(\.names) == [["a"]])
    bench.pass(milliseconds: 250)
    bench.question(from: "there", revision: 1)
    #expect(try bench.offers().map(\.names) == [["a", "new"]])
    #expect(bench.told().isEmpty)
    bench.pass(milliseconds: 1000)
    // Whoever asks for something goes first.
    bench.gather { bench in
      bench.query("1")
      bench.question(from: "there", revision: 2)
    }
    #expect(try bench.job().request == "1")
    #expect(bench.told().isEmpty)
  }

  @Test func silenceIsALoss() throws {
    var (bench, _) = try busyBench()
    bench.query("1")
    let attempt = try bench.handover().attempt
    for _ in 1...5 { bench.pass(milliseconds: 250) }
    #expect(bench.reconnects().isEmpty)
    bench.pass(milliseconds: 250)
    #expect(bench.reconnects() == [0])
    bench.peerAnswers(attempt)
    #expect(bench.answers().isEmpty)
    #expect(bench.questions().map(\.revision) == [1, 1, 1, 1, 1, -1])
    // One that never answers is connected to again and again, but not all the time.
    bench.disconnect(peer: 0)
    #expect(bench.reconnects().isEmpty)
    // Each attempt takes longer, as it may be far away.
    for ticks in [6, 12, 24, 24] {
      for _ in 1..<ticks { bench.pass(milliseconds: 250) }
      #expect(bench.reconnects().isEmpty)
      bench.pass(milliseconds: 250)
      #expect(bench.reconnects() == [0])
    }
  }

  /// What it says besides comes behind that.
  @Test func aPeerWhoseLargeAnswerIsUnderWayIsNotSilent() throws {
    var (bench, _) = try busyBench()
    bench.query("1")
    let attempt = try bench.handover().attempt
    for _ in 1...12 {
      bench.pass(milliseconds: 250)
      bench.broker.receivedPart(from: 0, at: bench.now.adding(milliseconds: -200))
    }
    #expect(bench.reconnects().isEmpty)
    bench.peerAnswers(attempt)
    #expect(bench.codes() == ["1": "OK"])
    for _ in 1...6 { bench.pass(milliseconds: 250) }
    #expect(bench.reconnects() == [0])
    // What was under way then is no word of the one that is to come.
    bench.broker.receivedPart(from: 0, at: bench.now.adding(milliseconds: 5000))
    for _ in 1...6 { bench.pass(milliseconds: 250) }
    #expect(bench.reconnects() == [0])
  }

  @Test func aSleepOfOnesOwnIsNoSilence() throws {
    var (bench, _) = try busyBench()
    bench.pass(milliseconds: 2000)
    #expect(bench.reconnects().isEmpty)
  }

  @Test func anotherBrokerHasNothingOfWhatTheOneBeforeWasHanded() throws {
    var (bench, busy) = try busyBench()
    bench.query("1")
    _ = try bench.handover()
    bench.capacity(of: 0, "somebody", dbs: ["a"])
    #expect(bench.reconnects() == [0])
    bench.answer("w-1", 10, busy)
    #expect(try bench.job().request == "1")
  }

  @Test func aListIsTakenOnlyWhereThereIsOne() throws {
    var bench = Bench(peers: 1)
    bench.capacity(revision: 3, dbs: ["b"])
    bench.capacity(workers: 2, revision: 4)
    bench.pass(milliseconds: 250)
    #expect(bench.questions().map(\.revision) == [3])
    bench.query("1", db: "b")
    #expect(bench.handed().count == 1)
  }

  @Test func databasesOfALostPeerAreExpectedBackForAWhile() throws {
    var bench = Bench(peers: 1)
    bench.capacity(dbs: ["b"])
    bench.disconnect(peer: 0)
    bench.query("1", db: "b")
    bench.pass(milliseconds: 9000)
    #expect(bench.answers().isEmpty)
    bench.capacity(dbs: ["b"])
    #expect(bench.handed().count == 1)
    bench.disconnect(peer: 0)
    for _ in 1...11 { bench.pass(milliseconds: 1000) }
    #expect(bench.codes() == ["1": "no-such-database"])
    bench.query("2", db: "b")
    #expect(bench.codes() == ["2": "no-such-database"])
  }

  @Test func atTheStartPeersAreWaitedForAsWorkersAre() throws {
    var bench = Bench(peers: 1, expectedWorkers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.query("1", db: "b")
    bench.ready("w-1")
    #expect(bench.answers().isEmpty)
    bench.capacity(dbs: ["b"])
    #expect(bench.handed().count == 1)
    bench.query("2", db: "c")
    bench.ready("w-1")
    #expect(bench.codes() == ["2": "no-such-database"])
  }
}
