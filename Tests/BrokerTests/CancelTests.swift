import Testing
import Wire

@testable import Broker

@Suite struct CancelTests {
  @Test func whatWaitsVanishes() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("running")
    let job = try bench.job()
    bench.query("waiting")
    bench.cancel("waiting")
    #expect(bench.codes() == ["waiting": "cancelled"])
    bench.answer("w-1", 10, job.attempt)
    #expect(bench.jobs().isEmpty && bench.codes() == ["running": "OK"])
    #expect(bench.broker.isEmpty)
  }

  @Test func whatRunsIsAbandonedAndItsWorkerToldSo() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("q")
    let job = try bench.job()
    _ = bench.events()
    bench.cancel("q")
    #expect(bench.codes() == ["q": "cancelled"])
    let event = try #require(bench.eventLines().first)
    #expect(event.word == "request.cancelled" && Attempt(event) == job.attempt)
    #expect(Member(event) == Member(name: "w-1", generation: 10))
    #expect(bench.broker.abandonments.map { Attempt($0) } == [job.attempt])
    // The worker is not given anything before it has come back, and then lives on.
    bench.query("next")
    #expect(bench.jobs().isEmpty)
    bench.answer("w-1", 10, job.attempt, .failure(Failure(.deadline, "interrupted")))
    #expect(bench.answers().isEmpty && bench.broker.abandonments.isEmpty)
    #expect(try bench.job().request == "next")
  }

  @Test func onlyTheOwnRequestsCanBeCancelled() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("q", from: "x")
    bench.cancel("q", from: "y")
    bench.cancel("other", from: "x")
    #expect(bench.answers().isEmpty && bench.broker.requests.count == 1)
  }

  @Test func aClosedConnectionCancelsAllOfItsRequests() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    for id in ["1", "2", "3"] { bench.query(id, from: "x") }
    bench.query("y", from: "y")
    let job = try bench.job()
    _ = bench.events()
    bench.disconnect(client: "x")
    // Nobody is there to be answered.
    #expect(bench.answers().isEmpty)
    #expect(bench.events() == ["request.cancelled"])
    #expect(bench.broker.requests.values.map { TestRequest.id($0.payload) } == ["y"])
    bench.answer("w-1", 10, job.attempt, .failure(Failure(.deadline, "interrupted")))
    #expect(try bench.job().request == "y")
    #expect(Set(bench.broker.clients.keys) == [Bench.peer("y")])
  }

  @Test func theDeathOfAWorkerThatRanAnAbandonedRequestIsNoRetry() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-1", dbs: ["a"])
    bench.query("q")
    _ = try bench.job()
    bench.cancel("q")
    bench.event("worker.exited", "w-1", 10, status: 79)
    bench.ready("w-1", 11, dbs: ["a"])
    #expect(bench.jobs().isEmpty && bench.codes() == ["q": "cancelled"])
  }

  @Test func aWorkerThatEndsItselfMeansDeadline() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready), ("w-2", 11, .ready)])
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", 11, dbs: ["a"])
    bench.query("q", deadline: 100)
    #expect(try bench.job().worker == "w-1/10")
    bench.pass(milliseconds: 600)
    bench.event("worker.exited", "w-1", 10, status: 79)
    #expect(bench.codes() == ["q": "deadline"])
    #expect(bench.jobs().isEmpty)
  }

  @Test func aWorkerThatEndsItselfBeforeTheDeadlineMeansARetry() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready), ("w-2", 11, .ready)])
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", 11, dbs: ["a"])
    bench.query("q", deadline: 10_000)
    #expect(try bench.job().worker == "w-1/10")
    bench.pass(milliseconds: 600)
    bench.event("worker.exited", "w-1", 10, status: 79)
    #expect(bench.answers().isEmpty)
    #expect(try bench.job().worker == "w-2/11")
  }

  @Test func aWorkerWithoutSupervisorIsLostWithItsConnection() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"], supervisor: nil)
    bench.ready("w-2", dbs: ["a"], supervisor: nil)
    bench.query("q")
    #expect(try bench.job().worker == "w-1/10")
    bench.disconnect(worker: "w-1/10")
    #expect(try bench.job().worker == "w-2/10")
    #expect(bench.broker.requests.values.first?.deaths == 1)
  }

  @Test func aSupervisedWorkerIsLostWithItsConnectionAsWellAndCountsOnce() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready), ("w-2", 11, .ready)])
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", 11, dbs: ["a"])
    bench.query("q")
    #expect(try bench.job().worker == "w-1/10")
    bench.disconnect(worker: "w-1/10")
    #expect(try bench.job().worker == "w-2/11")
    bench.event("worker.exited", "w-1", 10)
    #expect(bench.broker.requests.values.first?.deaths == 1)
    #expect(bench.broker.workers.count == 1)
  }

  @Test func aConnectionLostAfterTheDeadlineIsTheDeadline() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready), ("w-2", 11, .ready)])
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", 11, dbs: ["a"])
    bench.query("q", deadline: 100)
    #expect(try bench.job().worker == "w-1/10")
    bench.pass(milliseconds: 600)
    bench.disconnect(worker: "w-1/10")
    #expect(bench.codes() == ["q": "deadline"])
    #expect(bench.jobs().isEmpty)
  }

  @Test func aConnectionLostAfterAnAnnouncedStopIsNoFault() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready), ("w-2", 11, .ready)])
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", 11, dbs: ["a"])
    bench.query("q")
    #expect(try bench.job().worker == "w-1/10")
    bench.event("worker.stopping", "w-1", 10)
    bench.disconnect(worker: "w-1/10")
    #expect(try bench.job().worker == "w-2/11")
    #expect(bench.broker.requests.values.first?.deaths == 0)
  }

  @Test func aWorkerThatItsSupervisorDoesNotKnowIsLostWithItsConnection() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-2", dbs: ["a"])
    bench.ready("x-1", dbs: ["b"], supervisor: "nobody")
    for connection in ["w-2/10", "x-1/10"] { bench.disconnect(worker: connection) }
    #expect(bench.broker.workers.isEmpty)
    #expect(bench.broker.servers.isEmpty)
  }

  @Test func aConnectionThatSaysItIsAnotherWorkerIsLost() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", dbs: ["a"])
    bench.query("q")
    let job = try bench.job()
    #expect(job.worker == "w-1/10")
    bench.ready("w-3", dbs: ["b"], on: "w-1/10")
    #expect(bench.told()["w-1/10"] == .bye)
    // Who it was and who it said it was are both unknown, and what it held is begun again.
    #expect(bench.broker.connections == ["w-2": Bench.peer("w-2/10")])
    #expect(bench.broker.servers == ["a": 1])
    #expect(try bench.job().attempt == Attempt(job: job.attempt.job, number: 2))
  }
}
