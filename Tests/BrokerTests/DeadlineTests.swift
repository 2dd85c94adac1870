import HeapModule
import Testing
import Wire

@testable import Broker

@Suite struct DeadlineTests {
  @Test func aRequestThatWaitsTooLongIsNotRun() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("busy")
    let busy = try bench.job()
    bench.query("q", deadline: 100)
    bench.pass(milliseconds: 99)
    #expect(bench.answers().isEmpty)
    bench.pass(milliseconds: 1)
    #expect(bench.codes() == ["q": "deadline"])
    bench.answer("w-1", 10, busy.attempt)
    #expect(bench.jobs().isEmpty)
  }

  @Test func itIsSaidForWhomARequestHasWaited() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-1", dbs: ["a"])
    bench.event("worker.exited", "w-1", 10)
    bench.query("q", deadline: 100)
    bench.pass(milliseconds: 100)
    #expect(
      bench.answers().first?.line["message"]
        == "no worker that has its database came back within 100 ms")
    var new = Bench(settled: false)
    new.query("q", deadline: 100)
    new.pass(milliseconds: 100)
    #expect(new.answers().first?.line["message"] == "no worker came within 100 ms")
  }

  @Test func aRunningRequestIsLeftToItsWorkerForTheGrace() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("q", deadline: 100)
    let job = try bench.job()
    bench.pass(milliseconds: 100)
    #expect(bench.answers().isEmpty)
    bench.pass(milliseconds: 749)
    #expect(bench.answers().isEmpty)
    bench.pass(milliseconds: 1)
    #expect(bench.codes() == ["q": "deadline"])
    // The worker's own answer is late, and it is idle again.
    bench.answer("w-1", 10, job.attempt)
    #expect(bench.answers().isEmpty)
    bench.query("next")
    #expect(try bench.job().request == "next")
  }

  @Test func theRouterKnowsWhenItHasToWakeUp() throws {
    var bench = Bench()
    #expect(bench.broker.nextDeadline == nil)
    bench.query("q", deadline: 100)
    bench.ready("w-1", dbs: ["a"])
    bench.query("q2", deadline: 70)
    let due = try #require(bench.broker.nextDeadline)
    #expect(due.millisecondsUp(since: bench.now) <= 70)
  }

  @Test func whatIsLeftOfTheTimeTravels() {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("busy")
    let busy = bench.jobs()[0]
    bench.query("q", deadline: 100)
    bench.pass(milliseconds: 30)
    bench.answer("w-1", 10, busy.attempt)
    guard case .run(_, let orders)? = bench.effects.last, let job = orders.first?.job else {
      Issue.record("no job")
      return
    }
    #expect(job.deadlineMilliseconds == 70)
  }

  @Test func deadlinesOfAnsweredRequestsDoNotPileUp() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    for id in 0..<10_000 {
      bench.query("\(id)")
      bench.answer("w-1", 10, try bench.job().attempt)
      _ = bench.answers()
    }
    #expect(bench.broker.deadlines.count < 3000)
    #expect(bench.broker.inFlight.isEmpty && bench.broker.requests.isEmpty)
  }

  @Test func whatRanOutWhileItWaitedIsNotRunAlthoughNobodyHasTicked() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("busy")
    let busy = try bench.job()
    bench.query("q", deadline: 100)
    bench.now = bench.now.adding(milliseconds: 100)
    bench.answer("w-1", 10, busy.attempt)
    #expect(bench.codes() == ["busy": "OK", "q": "deadline"])
    #expect(bench.jobs().isEmpty)
  }
}
