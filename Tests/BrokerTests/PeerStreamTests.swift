import Testing
import Wire

@testable import Broker

/// What passes through while a peer has a request, and what peers are told.
@Suite struct PeerStreamTests {
  private func bench() -> Bench {
    var bench = Bench(peers: 1)
    bench.capacity(workers: 8, dbs: ["b"])
    return bench
  }

  @Test func chunksAndCreditPassThrough() throws {
    var bench = bench()
    bench.query("1", db: "b", credit: 2)
    let (_, _, query, attempt) = try bench.handover()
    #expect(query.credit == 2)
    bench.peerSendsChunk(attempt)
    bench.credit("1", 3)
    #expect(bench.toldPeers() == [.credit(id: attempt.handedID, chunks: 3)])
    bench.next("1")
    #expect(bench.toldPeers() == [.credit(id: attempt.handedID, chunks: 1)])
    bench.peerSendsChunk(attempt)
    #expect(bench.chunks().map { $0["chunk"] } == ["1", "2"])
    bench.peerAnswers(attempt)
    #expect(bench.answers().first?.line["chunks"] == "2")
  }

  @Test func aPeerIsGrantedNoMoreThanIsCountedHere() throws {
    var bench = bench()
    bench.query("1", db: "b", credit: 14)
    let attempt = try bench.handover().attempt
    bench.credit("1", 16)
    bench.credit("1", 16)
    #expect(bench.toldPeers() == [.credit(id: attempt.handedID, chunks: 2)])
    for _ in 0..<16 { bench.peerSendsChunk(attempt) }
    bench.peerAnswers(attempt)
    #expect(bench.codes() == ["1": "OK"])
  }

  @Test func aResultThatIsLostInItsMiddleIsBrokenOff() throws {
    var bench = bench()
    bench.query("1", db: "b", credit: 2)
    bench.peerSendsChunk(try bench.handover().attempt)
    bench.disconnect(peer: 0)
    #expect(bench.codes() == ["1": "aborted"])
  }

  @Test func chunksThatNobodyHasAskedForEndAResult() throws {
    var bench = bench()
    bench.query("1", db: "b")
    let attempt = try bench.handover().attempt
    bench.peerSendsChunk(attempt)
    #expect(bench.chunks().isEmpty)
    #expect(bench.codes() == ["1": "aborted"])
    #expect(bench.toldPeers() == [.cancel(id: attempt.handedID)])
  }

  @Test func aCancelPassesThrough() throws {
    var bench = bench()
    bench.query("1", db: "b")
    let attempt = try bench.handover().attempt
    bench.cancel("1")
    #expect(bench.codes() == ["1": "cancelled"])
    #expect(bench.toldPeers() == [.cancel(id: attempt.handedID)])
    bench.peerFails(attempt, .cancelled)
    #expect(bench.answers().isEmpty)
    #expect(bench.broker.peers[0].handed.isEmpty)
  }

  @Test func aClosedConnectionIsACancel() throws {
    var bench = bench()
    bench.query("1", db: "b")
    let attempt = try bench.handover().attempt
    bench.disconnect(client: "client")
    #expect(bench.answers().isEmpty)
    #expect(bench.toldPeers() == [.cancel(id: attempt.handedID)])
  }

  /// Sooner, when all that the peer has waits for readers.
  @Test(arguments: [1, 2]) func aReaderThatKeepsAPeerFromOthersIsCutOff(workers: Int) throws {
    let patience = workers == 1 ? Constants.lastStallMilliseconds : Constants.stallMilliseconds
    var bench = bench()
    bench.capacity(workers: workers)
    bench.query("1", db: "b", credit: 1)
    let attempt = try bench.handover().attempt
    bench.peerSendsChunk(attempt)
    for number in 1..<workers { bench.query("runs \(number)", db: "b") }
    #expect(bench.handed().count == workers - 1)
    // It may itself wait for the first one.
    bench.query("2", db: "b")
    bench.pass(milliseconds: 1000)
    bench.capacity(workers: workers)
    #expect(bench.answers().isEmpty)
    // Whoever reads is left alone, for as long again.
    bench.credit("1", 1)
    bench.peerSendsChunk(attempt)
    bench.query("3", db: "b", from: "other")
    bench.pass(milliseconds: patience - 1)
    #expect(bench.answers().isEmpty && bench.handed().isEmpty)
    _ = bench.toldPeers()
    bench.pass(milliseconds: 1)
    #expect(bench.codes() == ["1": "aborted"])
    #expect(bench.toldPeers() == [.cancel(id: attempt.handedID)])
    bench.capacity(workers: workers)
    #expect(bench.handed().count == 1)
  }

  @Test func whatIsHandedOverTellsWhoseItIs() throws {
    var bench = bench()
    for (number, client) in ["x", "y", "x"].enumerated() {
      bench.query("\(number)", db: "b", from: client)
    }
    let names = bench.handed().map(\.query.client)
    #expect(names[0] == names[2] && names[0] != names[1] && !names.contains(nil))
    // Only where it has come in is it known.
    bench.query("far", db: "b", from: "x", way: ["far"], whose: "z")
    #expect(try bench.handover().query.client == "z")
  }

  @Test func aReaderThatKeepsAPeerFromOthersBehindTheSameBrokerIsCutOff() throws {
    var bench = bench()
    bench.capacity(workers: 1)
    bench.query("1", db: "b", from: "far", credit: 1, way: ["far"], whose: "x")
    bench.peerSendsChunk(try bench.handover().attempt)
    bench.query("2", db: "b", from: "far", way: ["far"], whose: "x")
    bench.pass(milliseconds: 1000)
    #expect(bench.answers().isEmpty)
    bench.query("3", db: "b", from: "far", way: ["far"], whose: "y")
    #expect(bench.codes() == ["1": "aborted"])
  }

  @Test func aPartThatNobodyHasAskedForBreaksAResultOff() throws {
    var bench = bench()
    bench.query("1", db: "b", credit: 1)
    let attempt = try bench.handover().attempt
    bench.peerSendsChunk(attempt)
    bench.peerSendsChunk(attempt)
    #expect(bench.chunks().count == 1)
    #expect(bench.codes() == ["1": "aborted"])
  }

  @Test func aReaderWithoutRoomIsACancel() throws {
    var bench = bench()
    bench.query("1", db: "b", credit: 2)
    let attempt = try bench.handover().attempt
    bench.peerSendsChunk(attempt)
    bench.unread(attempt.job, chunks: 1)
    #expect(bench.codes() == ["1": "aborted"])
    #expect(bench.toldPeers() == [.cancel(id: attempt.handedID)])
  }

  @Test func whatIsLeftOfADeadlineGoesAlong() throws {
    var bench = bench()
    bench.capacity(workers: 0)
    bench.query("1", db: "b", deadline: 1000)
    bench.pass(milliseconds: 200)
    bench.capacity(workers: 1)
    let (_, _, query, attempt) = try bench.handover()
    #expect(query.deadlineMilliseconds == 800)
    // Who has it knows more, for a while.
    bench.capacity()
    bench.pass(milliseconds: 800)
    bench.capacity()
    #expect(bench.answers().isEmpty)
    bench.pass(milliseconds: 750)
    #expect(bench.codes() == ["1": "deadline"])
    #expect(bench.toldPeers() == [.cancel(id: attempt.handedID)])
  }

  @Test func whoWaitsForAChangeWaitsThere() throws {
    var bench = bench()
    bench.capacity(workers: 1)
    for number in 0..<3 {
      bench.query("\(number)", db: "b", ifVersion: "v1", waits: true)
    }
    let handed = bench.handed()
    #expect(handed.count == 3)
    #expect(handed.allSatisfy { $0.query.waitsForChange && $0.query.ifVersion == "v1" })
    bench.query("q", db: "b")
    #expect(try bench.handover().request == "q")
  }

  @Test func whoIsOneTooManyToWaitThereHasThePeerLook() throws {
    var bench = Bench(peers: 1, maxRequestsInFlight: 4)
    bench.capacity(workers: 9, dbs: ["b"])
    for number in 0..<4 { bench.query("\(number)", db: "b", ifVersion: "v1", waits: true) }
    let handed = bench.handed()
    #expect(handed.map(\.query.waitsForChange) == [true, true, false, false])
    #expect(handed.allSatisfy { $0.query.ifVersion == "v1" })
    bench.peerAnswers(handed[2].attempt, .unchanged)
    let busy = try #require(bench.answers().first)
    #expect(busy.line["code"] == "busy" && busy.line["retry_ms"] == "1000")
    bench.peerAnswers(handed[3].attempt)
    #expect(bench.codes() == ["3": "OK"])
    bench.peerAnswers(handed[0].attempt)
    bench.query("5", db: "b", ifVersion: "v1", waits: true)
    #expect(try bench.handover().query.waitsForChange)
  }

  @Test func aPeerSaysHowManyMayWaitThere() throws {
    var bench = Bench(peers: 1)
    bench.capacity(watches: 1, dbs: ["b"])
    for number in 0..<2 { bench.query("\(number)", db: "b", ifVersion: "v1", waits: true) }
    #expect(bench.handed().map(\.query.waitsForChange) == [true, false])
    bench.question(from: "there")
    #expect(try bench.offers().first?.capacity.watches == 5000)
  }

  @Test func aPeerThatTakesOneRequestIsHandedOneThatDoesNotWait() throws {
    var bench = Bench(peers: 1)
    bench.capacity(watches: 0, dbs: ["b"])
    for number in 0..<2 { bench.query("\(number)", db: "b", ifVersion: "v1", waits: true) }
    #expect(bench.handed().map(\.query.waitsForChange) == [false])
    var other = Bench(peers: 1, maxRequestsInFlight: 1)
    other.question(from: "there")
    #expect(try other.offers().first?.capacity.watches == 0)
  }

  @Test func aPeerIsHandedNoMoreThanItTakesOfOneConnection() throws {
    var bench = Bench(peers: 1)
    bench.capacity(workers: 9, watches: 3, dbs: ["b"])
    for number in 0..<5 { bench.query("\(number)", db: "b") }
    var handed = bench.handed()
    #expect(handed.map(\.request) == ["0", "1", "2"])
    bench.peerAnswers(handed[1].attempt)
    #expect(try bench.handover().request == "3")
    bench.series(10, 5, db: "b")
    bench.peerAnswers(handed[0].attempt)
    #expect(try bench.handover().request == "4")
    bench.peerAnswers(handed[2].attempt)
    handed = bench.handed()
    #expect(handed.map(\.request) == ["quick?10"])
    bench.peerAnswers(handed[0].attempt)
    #expect(try bench.handover().request == "quick?11")
  }

  @Test func whoWaitsForAChangeOfWhatIsOnlyThereNowWaitsThere() throws {
    var bench = Bench(peers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.capacity(workers: 1, dbs: ["a"])
    bench.query("1", ifVersion: "v1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged)
    #expect(bench.handed().isEmpty && bench.answers().isEmpty)
    bench.ready("w-1", dbs: ["c"])
    #expect(try bench.handover().request == "1")
  }

  // MARK: What is offered

  @Test func aBrokerOffersWhatItHas() throws {
    var bench = Bench(peers: 0)
    bench.ready("w-1", dbs: ["a", "b"])
    bench.question(from: "there")
    let first = try #require(try bench.offers().first)
    #expect(first.capacity.broker == "here" && first.capacity.workers == 1)
    #expect(first.names == ["a", "b"])
    bench.pass(milliseconds: 250)
    bench.question(from: "there", revision: first.capacity.revision)
    let second = try #require(try bench.offers().first)
    #expect(!second.capacity.hasDatabases && second.names.isEmpty)
    bench.ready("w-2", dbs: ["c"])
    bench.pass(milliseconds: 250)
    bench.question(from: "there", revision: first.capacity.revision)
    let third = try #require(try bench.offers().first)
    #expect(third.names == ["a", "b", "c"])
    #expect(third.capacity.revision != first.capacity.revision)
  }

  @Test func whatWorkersWillComeBackWithIsOffered() throws {
    var bench = Bench(peers: 0)
    bench.event("worker.started", "w-1", 10)
    bench.ready("w-1", dbs: ["a"])
    bench.disconnect(worker: "w-1/10")
    bench.question(from: "there")
    let offer = try #require(try bench.offers().first)
    #expect(offer.capacity.workers == 0 && offer.names == ["a"])
  }

  @Test func whatOneAsksForItselfIsNoLoad() throws {
    var bench = Bench(peers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.capacity(workers: 9, dbs: ["b"])
    // Of others: two here, one that runs elsewhere, one that waits for a change.
    bench.query("change", ifVersion: "v1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged)
    bench.query("1")
    bench.query("2")
    bench.query("3", db: "b")
    // Its own: one, and one that waits for a change.
    bench.query("4", from: "there", way: ["there"])
    bench.question(from: "there")
    #expect(try bench.offers().first?.capacity.others == 2)
    // Whoever asks all the time is not answered all the time.
    bench.question(from: "there")
    #expect(try bench.offers().isEmpty)
    #expect(bench.codes() == ["peer": "busy"])
  }

  @Test func aBrokerThatIsAboutToEndOffersNothing() throws {
    var bench = Bench(peers: 0)
    bench.ready("w-1", dbs: ["a"])
    bench.drain()
    bench.question(from: "there")
    #expect(try bench.offers().first?.capacity.workers == 0)
  }

  @Test func peersAreShown() throws {
    var bench = bench()
    bench.query("1", db: "b")
    bench.peerAnswers(try bench.handover().attempt)
    bench.query("2", db: "b")
    bench.show("s", .peers)
    let rows = bench.take { effect -> [[Value]]? in
      guard case .answer(_, _, .values(_, let rows, _)) = effect else { return nil }
      return rows
    }
    #expect(
      rows == [
        [
          [
            .text("tcp://there-0"), .text("there-0"), .integer(8), .integer(0), .integer(1),
            .integer(1), .integer(1),
          ]
        ]
      ])
  }
}
