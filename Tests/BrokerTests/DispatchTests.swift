import Testing
import Wire

@testable import Broker

@Suite struct DispatchTests {
  @Test func aRequestGoesToAWorkerAndItsAnswerToTheClient() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("q")
    let job = try bench.job()
    #expect(job.worker == "w-1/10" && job.request == "q")
    bench.answer("w-1", 10, job.attempt)
    let answer = try #require(bench.answers().first)
    #expect(answer.request == "q" && answer.line.word == "OK")
    #expect(answer.line["tries"] == "1" && answer.line["worker"] == "w-1")
    #expect(answer.line["id"] == "q" && answer.line["rows"] == "1")
    #expect(bench.broker.isEmpty)
  }

  @Test func requestsQueueInOrderWhileAllWorkersAreBusy() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    for id in ["1", "2", "3"] { bench.query(id) }
    var order: [String] = []
    for _ in 0..<3 {
      let job = try bench.job()
      order.append(job.request)
      bench.answer("w-1", 10, job.attempt)
    }
    #expect(order == ["1", "2", "3"])
    #expect(bench.jobs().isEmpty)
  }

  @Test func theLeastRecentlyUsedIdleWorkerIsTaken() throws {
    var bench = Bench()
    for name in ["w-1", "w-2", "w-3"] { bench.ready(name, dbs: ["a"]) }
    var order: [String] = []
    for id in 0..<6 {
      bench.query("\(id)")
      let job = try bench.job()
      order.append(job.worker)
      bench.answer(String(job.worker.prefix(3)), 10, job.attempt)
    }
    #expect(order == ["w-1/10", "w-2/10", "w-3/10", "w-1/10", "w-2/10", "w-3/10"])
  }

  @Test func onlyAWorkerThatHasTheDatabaseIsTaken() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", dbs: ["b"])
    bench.query("1", db: "b")
    #expect(try bench.job().worker == "w-2/10")
    // Its database is busy; that holds nobody else up.
    bench.query("2", db: "b")
    bench.query("3", db: "a")
    #expect(try bench.job().request == "3")
  }

  @Test func idsAreTheSameByteByByte() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("\u{e9}")
    bench.query("e\u{301}")
    let job = try bench.job()
    bench.answer("w-1", 10, job.attempt)
    let other = try bench.job()
    bench.answer("w-1", 10, other.attempt)
    #expect(
      [job.request, other.request].map { Array($0.utf8) } == [[0xc3, 0xa9], [0x65, 0xcc, 0x81]])
    #expect(bench.broker.isEmpty)
  }

  @Test func aRepeatedIdInFlightIsIgnored() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("q")
    bench.query("q")
    bench.query("q", from: "another")
    let job = try bench.job()
    bench.answer("w-1", 10, job.attempt)
    #expect(bench.codes() == ["q": "OK"])
    let other = try bench.job()
    bench.answer("w-1", 10, other.attempt)
    #expect(bench.codes() == ["q": "OK"])
    #expect(bench.broker.isEmpty)
    // Once it is answered, the id can be used again.
    bench.query("q")
    #expect(try bench.job().request == "q")
  }

  @Test func theQueueIsBoundedInRequestsAndBytes() throws {
    var configuration = Configuration()
    configuration.maxQueuedRequests = 2
    configuration.maxQueuedBytes = 100
    var bench = Bench(configuration)
    bench.ready("w-1", dbs: ["a"])
    bench.query("running")
    bench.query("1", from: "x")
    bench.query("large", from: "y", size: 95)
    bench.query("2", from: "y")
    bench.query("3", from: "z")
    let answers = bench.answers()
    #expect(answers.map(\.request) == ["large", "3"])
    #expect(answers.allSatisfy { $0.line["code"] == "busy" && $0.line["retry_ms"] != nil })
  }

  @Test func anUnreachableWorkerCostsNoTry() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", dbs: ["a"])
    bench.query("q")
    _ = try bench.job()
    bench.unreachable("w-1/10")
    let job = try bench.job()
    #expect(job.worker == "w-2/10")
    #expect(bench.broker.requests.values.first?.deaths == 0)
  }

  @Test func aWorkerThatEndsGetsNoMoreRequests() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-1", dbs: ["a"])
    bench.query("1")
    bench.query("2")
    bench.answer("w-1", 10, try bench.job().attempt, stopping: true)
    #expect(bench.codes() == ["1": "OK"])
    #expect(bench.told() == ["w-1/10": .bye])
    #expect(bench.jobs().isEmpty)
  }

  @Test func draining() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("1")
    bench.query("2")
    bench.drain()
    bench.query("3")
    let refused = try #require(bench.answers().first)
    #expect(refused.request == "3" && refused.line["code"] == "draining")
    #expect(refused.line["retry_ms"] != nil)
    bench.answer("w-1", 10, try bench.job().attempt)
    #expect(!bench.broker.isEmpty)
    bench.answer("w-1", 10, try bench.job().attempt)
    #expect(bench.codes() == ["1": "OK", "2": "OK"])
    #expect(bench.broker.isEmpty)
  }

  @Test func aWorkerThatEndsHelpsARouterThatEndsWithWhatWaits() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    for id in ["1", "2", "3"] { bench.query(id) }
    bench.drain()
    bench.answer("w-1", 10, try bench.job().attempt, stopping: true)
    bench.answer("w-1", 10, try bench.job().attempt, stopping: true)
    bench.answer("w-1", 10, try bench.job().attempt, stopping: true)
    #expect(bench.codes() == ["1": "OK", "2": "OK", "3": "OK"])
    #expect(bench.told() == ["w-1/10": .bye])
  }

  @Test func whatADrainCannotWaitForIsRefusedAtItsEnd() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("runs")
    bench.query("waits")
    let attempt = try bench.job().attempt
    bench.drain(milliseconds: 1000)
    bench.pass(milliseconds: 999)
    #expect(bench.codes().isEmpty)
    #expect(bench.broker.nextDeadline == bench.now.adding(milliseconds: 1))
    bench.pass(milliseconds: 1)
    #expect(bench.codes() == ["runs": "draining", "waits": "draining"])
    #expect(bench.broker.isEmpty)
    bench.answer("w-1", 10, attempt)
    #expect(bench.answers().isEmpty)
  }

  @Test func drainingTwiceEndsAtTheEarlierTime() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("runs")
    bench.drain()
    bench.drain(milliseconds: 100)
    bench.drain(milliseconds: 5000)
    bench.pass(milliseconds: 101)
    #expect(bench.codes() == ["runs": "draining"] && bench.broker.isEmpty)
  }

  @Test func drainingWithoutWorkersRefusesWhatWaits() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-1", dbs: ["a"])
    bench.query("1")
    bench.query("2")
    bench.drain()
    bench.event("worker.stopping", "w-1", 10)
    _ = bench.jobs()
    bench.event("worker.exited", "w-1", 10)
    #expect(bench.codes() == ["1": "draining", "2": "draining"])
    #expect(bench.broker.isEmpty)
  }
}
