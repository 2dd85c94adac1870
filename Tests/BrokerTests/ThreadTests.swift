import Testing
import Wire

@testable import Broker

/// Workers that are threads of one process, and another process.
@Suite struct ThreadTests {
  private func threads(tries: Int = 2) -> Bench {
    var configuration = Configuration()
    configuration.tries = tries
    var bench = Bench(configuration)
    bench.state([("w-1", 10, .ready), ("w-2", 10, .ready)])
    for thread in ["w-1.1", "w-1.2", "w-1.3"] {
      bench.ready(thread, dbs: ["a"], process: "w-1")
    }
    bench.ready("w-2", dbs: ["a"])
    return bench
  }

  @Test func whatAProcessOfSeveralThreadsDiesOfIsFoundOut() throws {
    var bench = threads()
    bench.query("poison", from: "one")
    bench.query("slow", from: "two")
    let jobs = bench.jobs()
    #expect(jobs.map(\.worker) == ["w-1.1/10", "w-1.2/10"])
    bench.disconnect(worker: "w-1.1/10")
    // All its threads are gone, and each of what they ran is a suspect: one at a time is run.
    let first = try bench.job()
    #expect(first.request == "poison" && first.worker == "w-2/10")
    bench.ready("w-1.1", 11, dbs: ["a"], process: "w-1")
    bench.ready("w-1.2", 11, dbs: ["a"], process: "w-1")
    #expect(bench.jobs().isEmpty)
    bench.query("innocent", from: "three")
    let innocent = try bench.job()
    #expect(innocent.request == "innocent" && innocent.worker == "w-1.1/11")
    bench.disconnect(worker: "w-2/10")
    // That one was alone: its first death. It runs beside others now, which are not suspected.
    let second = try bench.job()
    #expect(second.request == "poison" && second.worker == "w-1.2/11")
    bench.ready("w-2", 12, dbs: ["a"])
    bench.disconnect(worker: "w-1.1/11")
    #expect(bench.codes() == ["poison": "crashed"])
    let retried = bench.jobs()
    #expect(retried.map(\.request) == ["slow"])
    bench.answer("w-2", 12, retried[0].attempt)
    let last = try bench.job()
    #expect(last.request == "innocent" && last.attempt.number == 2)
    bench.answer("w-2", 12, last.attempt)
    #expect(bench.codes() == ["slow": "OK", "innocent": "OK"])
  }

  @Test func theExitOfAProcessIsThatOfAllItsThreads() throws {
    var bench = threads()
    bench.query("q")
    #expect(try bench.job().worker == "w-1.1/10")
    bench.event("worker.exited", "w-1", 10)
    let retried = try bench.job()
    #expect(retried.worker == "w-2/10")
    // It ran alone: a death is counted.
    #expect(!bench.broker.quarantine.isEmpty)
    bench.answer("w-2", 10, retried.attempt)
    bench.query("next")
    #expect(try bench.job().worker == "w-2/10")
  }

  @Test func aProcessThatIsToEndIsDismissedThreadByThread() throws {
    var bench = threads()
    bench.query("q")
    let job = try bench.job()
    bench.event("worker.stopping", "w-1", 10)
    #expect(bench.dismissed() == ["w-1.2/10", "w-1.3/10"])
    bench.answer("w-1.1", 10, job.attempt)
    #expect(bench.dismissed() == ["w-1.1/10"])
    #expect(bench.codes() == ["q": "OK"])
  }

  @Test func theSuccessorOfAThreadThatIsStuckTakesItsPlace() throws {
    var bench = threads()
    bench.query("stuck", deadline: 100)
    let job = try bench.job()
    bench.pass(milliseconds: 600)
    bench.ready("w-1.4", dbs: ["a"], process: "w-1", replaced: "w-1.1")
    #expect(bench.codes() == ["stuck": "deadline"])
    #expect(bench.broker.workers.count == 4)
    // It comes back after all, and is sent away.
    bench.answer("w-1.1", 10, job.attempt)
    #expect(bench.dismissed() == ["w-1.1/10"])
  }
}

extension Bench {
  /// Takes out what waiting workers were told: those that were sent away.
  fileprivate mutating func dismissed() -> [String] {
    told().filter { $0.value == .bye }.keys.sorted()
  }
}
