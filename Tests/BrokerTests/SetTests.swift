import Testing
import Wire

@testable import Broker

/// What those need who split queries on several databases.
@Suite struct SetTests {
  @Test func someWorkerLooksBeforeTheNamesAreSaid() {
    var bench = Bench()
    bench.ready("w-1", dbs: ["b"])
    bench.look("look")
    #expect(bench.codes().isEmpty && bench.told() == ["w-1/10": .rescan])
    bench.ready("w-1", dbs: ["b", "a"])
    #expect(bench.codes() == ["look": "OK"] && bench.broker.knownNames == ["a", "b"])
  }

  @Test func whoLooksWaitsForAWorkerThatIsIdle() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("long", db: "a")
    let job = try bench.job()
    bench.look("look")
    #expect(bench.codes().isEmpty)
    bench.answer("w-1", 10, job.attempt)
    #expect(bench.codes()["look"] == nil && bench.told() == ["w-1/10": .rescan])
    bench.ready("w-1", dbs: ["a"])
    #expect(bench.codes()["look"] == "OK")
  }

  @Test func whoLooksMayCancelAndHasADeadline() {
    var bench = Bench(settled: false)
    bench.look("one")
    bench.look("two", deadline: 50)
    bench.cancel("one")
    bench.pass(milliseconds: 60)
    #expect(bench.codes() == ["one": "cancelled", "two": "deadline"])
    #expect(bench.broker.isEmpty)
  }

  @Test func whoIsExpectedBackCounts() {
    var bench = Bench()
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-1", 10, dbs: ["a"])
    bench.state([("w-1", 11, .started)])
    #expect(!bench.broker.isServed("a") && bench.broker.knownNames == ["a"])
  }

  @Test func whatALostPeerHadCounts() throws {
    var bench = Bench(peers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.capacity(workers: 1, dbs: ["b", "c"])
    bench.disconnect(peer: 0)
    bench.pass(milliseconds: 20_000)
    #expect(bench.broker.knownNames == ["a", "b", "c"])
    bench.query("part", db: "b", isPart: true)
    bench.ready("w-1", dbs: ["a"])
    #expect(bench.codes()["part"] == "no-such-database")
    bench.capacity(workers: 1, dbs: ["c"])
    #expect(bench.broker.knownNames == ["a", "c"])
  }

  @Test func aPartIsRefusedForNoBound() {
    var configuration = Configuration()
    configuration.maxRequestsInFlight = 1
    var bench = Bench(configuration)
    bench.ready("w-1", dbs: ["a"])
    bench.query("one", db: "a")
    bench.query("two", db: "a")
    bench.query("part", db: "a", isPart: true)
    #expect(bench.codes() == ["two": "busy"] && bench.broker.requests.count == 2)
  }
}
