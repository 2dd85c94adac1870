import Testing
import Wire

@testable import Broker

/// Requests that wait for a change of what only a peer has.
@Suite struct PeerWatchTests {
  /// As many wait at a peer as may; one more has been told there that nothing has changed.
  private func full() throws -> (bench: Bench, watches: [Attempt]) {
    var bench = Bench(peers: 1)
    bench.capacity(dbs: ["b", "c"])
    bench.gather { bench in
      for number in 1...Constants.maxHandedWatches {
        bench.query("\(number)", db: "b", deadline: 60_000, ifVersion: "v1", waits: true)
      }
    }
    let handed = bench.handed()
    #expect(handed.count == Constants.maxHandedWatches)
    #expect(handed.allSatisfy { $0.query.waitsForChange && $0.query.ifVersion == "v1" })
    bench.query("more", db: "b", deadline: 5000, ifVersion: "v1", waits: true)
    let look = try bench.handover()
    #expect(look.request == "more")
    #expect(!look.query.waitsForChange && look.query.ifVersion == "v1")
    bench.peerAnswers(look.attempt, .unchanged, version: "v1")
    return (bench, handed.map(\.attempt))
  }

  @Test func soManyWaitThereAndTheOthersHere() throws {
    var (bench, watches) = try full()
    #expect(bench.answers().isEmpty && bench.broker.parked.count == 1)
    // That keeps nobody from anything.
    bench.query("own", db: "b")
    #expect(try bench.handover().request == "own")
    bench.capacity(workers: 2)
    #expect(bench.handed().isEmpty)
    bench.query("other", db: "b", from: "other")
    #expect(try bench.handover().request == "other")
    // When there is room for one more, it goes to who waits for longest.
    bench.cancel("1")
    #expect(bench.toldPeers() == [.cancel(id: watches[0].handedID)])
    bench.capacity(workers: 3)
    let watch = try bench.handover()
    #expect(watch.request == "more" && watch.query.waitsForChange)
    #expect(bench.broker.parked.isEmpty)
    bench.peerAnswers(watch.attempt, version: "v2")
    #expect(bench.codes() == ["1": "cancelled", "more": "OK"])
  }

  @Test func whatHasChangedIsToldAtOnce() throws {
    var bench = try full().bench
    bench.query("late", db: "b", ifVersion: "v0", waits: true)
    bench.peerAnswers(try bench.handover().attempt, version: "v1")
    #expect(bench.codes() == ["late": "OK"])
    #expect(bench.handed().isEmpty && bench.broker.parked.count == 1)
  }

  @Test func whoeverIsToldOfAChangeTellsThoseWhoWaitHere() throws {
    var (bench, watches) = try full()
    bench.peerAnswers(watches[0], version: "v2")
    #expect(bench.codes() == ["1": "OK"])
    let again = try bench.handover()
    #expect(again.request == "more")
    bench.peerAnswers(again.attempt, version: "v2")
    let answer = try #require(bench.answers().first)
    #expect(answer.line.word == "OK" && answer.line["version"] == "v2")
  }

  @Test func whoWaitsHereInVainIsToldSoAtItsDeadline() throws {
    var bench = try full().bench
    for _ in 1...5 {
      #expect(bench.answers().isEmpty)
      bench.pass(milliseconds: 1000)
      bench.capacity()
    }
    let answer = try #require(bench.answers().first)
    #expect(answer.request == "more" && answer.line.word == "OK")
    #expect(answer.line["unchanged"] == "1" && answer.line["version"] == "v1")
  }

  @Test func whoWaitsHereGoesWhereItsDatabaseIs() throws {
    var bench = try full().bench
    bench.ready("w-1", dbs: ["b"])
    #expect(try bench.job().request == "more")
    bench = try full().bench
    bench.capacity(dbs: ["c"])
    #expect(bench.codes() == ["more": "no-such-database"])
    bench = try full().bench
    bench.disconnect(peer: 0)
    #expect(bench.broker.parked.isEmpty && bench.answers().isEmpty)
    bench.capacity(dbs: ["b"])
    #expect(bench.handed().count == Constants.maxHandedWatches + 1)
  }

  @Test func whoHasBeenToldThatNothingHasChangedIsRunHereOnceThatCanBe() throws {
    var bench = Bench(peers: 1)
    bench.capacity(dbs: ["b"])
    bench.gather { bench in
      for number in 0...Constants.maxHandedWatches {
        bench.query("\(number)", db: "b", ifVersion: "v1", waits: true)
      }
    }
    let look = try #require(bench.handed().last)
    #expect(!look.query.waitsForChange)
    bench.ready("w-1", dbs: ["b"])
    bench.peerAnswers(look.attempt, .unchanged, version: "v1")
    #expect(try bench.job().request == look.request)
  }

  @Test func whoWaitsHereEndsWithItsBroker() throws {
    var bench = try full().bench
    bench.drain()
    #expect(bench.codes().count == Constants.maxHandedWatches + 1)
  }
}
