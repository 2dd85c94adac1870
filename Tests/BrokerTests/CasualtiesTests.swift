import Testing
import Wire

@testable import Broker

/// No stream of poison empties the pool, whatever its words.
@Suite struct CasualtiesTests {
  /// Four workers, two of which have died of what one client sent.
  private func thinned() throws -> Bench {
    var bench = Bench()
    for number in 1...4 { bench.ready("w-\(number)", dbs: ["a"]) }
    bench.query("poison", from: "bad")
    #expect(try bench.job().worker == "w-1/10")
    bench.disconnect(worker: "w-1/10")
    // What a single death has interrupted goes on at once.
    #expect(try bench.job().worker == "w-2/10")
    bench.disconnect(worker: "w-2/10")
    return bench
  }

  @Test func whatMayKillOneMoreWaitsForASuccessor() throws {
    var bench = try thinned()
    bench.query("fragile", from: "good")
    let job = try bench.job()
    #expect(job.worker == "w-3/10")
    bench.disconnect(worker: "w-3/10")
    #expect(bench.jobs().isEmpty)
    bench.ready("w-1", 11, dbs: ["a"])
    #expect(bench.jobs().isEmpty)
    bench.ready("w-2", 11, dbs: ["a"])
    #expect(try bench.job().attempt.number > 1)
  }

  @Test func whoHasKilledTwoInARowWaitsForTheSuccessors() throws {
    var bench = try thinned()
    bench.query("other words", from: "bad")
    bench.ready("w-1", 11, dbs: ["a"])
    #expect(bench.jobs().isEmpty)
    bench.ready("w-2", 11, dbs: ["a"])
    #expect(Set(bench.jobs().map(\.request)) == ["poison", "other words"])
  }

  @Test func anotherEnvelopeIsNoOtherClient() throws {
    var bench = try thinned()
    bench.query("other words", from: "bad", envelope: "new")
    bench.query("good", from: "good")
    #expect(bench.jobs().map(\.request) == ["good"])
  }

  @Test func whoseRequestIsSurvivedAfterADeathWasHitByChance() throws {
    var bench = Bench()
    for number in 1...4 { bench.ready("w-\(number)", dbs: ["a"]) }
    for round in 1...5 {
      bench.query("q\(round)")
      let victim = try bench.job().worker
      bench.disconnect(worker: victim)
      let retried = try bench.job()
      #expect(retried.attempt.number == 2)
      bench.answer(
        String(retried.worker.prefix(3)), Int64(retried.worker.dropFirst(4)) ?? 0, retried.attempt)
      bench.ready(String(victim.prefix(3)), Int64(10 + round), dbs: ["a"])
    }
  }

  @Test func everybodyElseGoesOn() throws {
    var bench = try thinned()
    bench.query("other words", from: "bad")
    for id in 1...3 { bench.query("good\(id)", from: "good") }
    let jobs = bench.jobs()
    #expect(jobs.map(\.request) == ["good1", "good2"])
    bench.answer("w-3", 10, jobs[0].attempt)
    #expect(try bench.job().request == "good3")
  }

  @Test func successorsThatDoNotComeAreNotWaitedForLong() throws {
    var bench = try thinned()
    let due = try #require(bench.broker.nextDeadline)
    #expect(due.millisecondsUp(since: bench.now) <= Casualties.patience)
    bench.pass(milliseconds: Casualties.patience - 1)
    #expect(bench.jobs().isEmpty)
    bench.pass(milliseconds: 1)
    #expect(try bench.job().request == "poison")
  }

  @Test func oneOfTwoIsNoReasonToWait() throws {
    var bench = Bench()
    for number in 1...2 { bench.ready("w-\(number)", dbs: ["a"]) }
    bench.query("q")
    #expect(try bench.job().worker == "w-1/10")
    bench.disconnect(worker: "w-1/10")
    #expect(try bench.job().worker == "w-2/10")
  }

  @Test func theLargerThePoolTheMoreMayBeAway() {
    var casualties = Casualties()
    let client = Bench.peer("client")
    for number in 1...3 {
      casualties.died("w-\(number)", of: client, now: Instant(microseconds: 0))
    }
    #expect(casualties.areTooMany(besides: 1))
    #expect(casualties.areTooMany(besides: 4))
    #expect(!casualties.areTooMany(besides: 5))
  }
}
