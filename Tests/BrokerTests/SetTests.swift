import Testing
import Wire

@testable import Broker

@Suite struct SetTests {
  private typealias Run = (worker: String, request: String, attempt: Attempt)

  /// A broker of whose workers, which have these databases, the first runs a query on all of them.
  private func cluster(_ workers: [[String]]) throws -> (Bench, Run) {
    var bench = Bench()
    bench.state((1...workers.count).map { ("w-\($0)", 10, .ready) })
    for (index, dbs) in workers.enumerated() { bench.ready("w-\(index + 1)", dbs: dbs) }
    bench.query("set", db: "*", credit: 1)
    let run = try bench.job()
    return (bench, run)
  }

  /// What the workers of the jobs given since the last look have of all databases.
  private func reaches(_ bench: Bench) -> [SetReach?] {
    bench.effects.flatMap { effect -> [SetReach?] in
      guard case .run(_, let orders) = effect else { return [] }
      return orders.map(\.job.reach)
    }
  }

  // MARK: Who gets it

  @Test func aWorkerThatHasAllIsToldSo() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", dbs: ["a", "b"])
    bench.query("set", db: "a,b")
    #expect(reaches(bench) == [.all])
    #expect(try bench.job().worker == "w-2/10")
  }

  @Test func aDatabaseOfJustThisNameIsNoSet() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a", "a,b", "*"])
    for name in ["a,b", "*"] {
      bench.query(name, db: name)
      #expect(reaches(bench) == [nil])
      bench.answer("w-1", 10, try bench.job().attempt)
    }
    bench.part("part", db: "nobody,has*", of: Attempt(job: 1, number: 1))
    bench.ready("w-1")
    #expect(bench.jobs().isEmpty && bench.codes()["part"] == "no-such-database")
  }

  @Test func oneAtATimeIsRunWithoutSomeDatabases() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", dbs: ["b"])
    bench.ready("w-3", dbs: ["b"])
    bench.query("first", db: "*")
    #expect(reaches(bench) == [.some])
    let first = try bench.job()
    bench.query("second", db: "*")
    #expect(bench.jobs().isEmpty)
    // The others run what is on one database.
    bench.query("b", db: "b")
    #expect(try bench.job().request == "b")
    bench.answer("w-1", 10, first.attempt)
    #expect(try bench.job().request == "second")
  }

  @Test func nobodyMissesDatabasesWhoseOnlyWorkerIsAway() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready), ("w-2", 10, .ready)])
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", dbs: ["b"])
    bench.event("worker.exited", "w-2", 10)
    bench.query("set", db: "*")
    #expect(bench.jobs().isEmpty)
    bench.event("worker.started", "w-2", 11)
    bench.ready("w-2", 11, dbs: ["b"])
    #expect(try bench.job().request == "set")
  }

  @Test func aNewRouterWaitsForAllWorkers() throws {
    var bench = Bench(settled: false)
    bench.ready("w-1", dbs: ["a"])
    bench.query("set", db: "*")
    while bench.told()["w-1/10"] == .rescan { bench.ready("w-1") }
    #expect(bench.jobs().isEmpty && bench.answers().isEmpty)
    bench.pass(milliseconds: 2001)
    #expect(try bench.job().request == "set")
  }

  @Test func withoutAnyDatabaseThereIsNone() throws {
    var bench = Bench()
    bench.query("set", db: "*")
    #expect(bench.codes() == ["set": "no-such-database"])
  }

  @Test func severalDatabasesHaveNoVersion() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("set", db: "*", ifVersion: "1", waits: true)
    #expect(bench.codes() == ["set": "bad-request"])
  }

  @Test func theTimeIsThatOfTheDatabaseWithTheLeast() throws {
    var configuration = Configuration()
    configuration.databaseDeadlineMilliseconds = ["a": 700, "b": 300, "z": 10]
    var bench = Bench(configuration)
    bench.ready("w-1", dbs: ["a", "b", "c"])
    bench.query("set", db: "a,b*,c", deadline: 5000)
    #expect(bench.broker.requests.values.map(\.allowedMilliseconds) == [300])
  }

  @Test func itsSummaryReachesTheClient() throws {
    var (bench, run) = try cluster([["a"]])
    let summary = SetSummary(databases: 7, failed: 1, code: .denied, why: "a: denied: no")
    let result = AttemptResult(
      attempt: run.attempt, outcome: .rows(3), runMicroseconds: 5, summary: summary)
    bench.ready("w-1", results: [(result, "rows")])
    let line = bench.answers()[0].line
    #expect(line["databases"] == "7" && line["failed"] == "1" && line["why"] == "a: denied: no")
    #expect(line["code"] == "denied" && line.word == "OK")
  }

  // MARK: Its parts

  @Test func whatNobodyHasBegunIsGivenBackTheOldestFirst() throws {
    var (bench, run) = try cluster([["a", "b", "c"]])
    for name in ["a", "b", "c"] { bench.part(name, db: name, of: run.attempt) }
    bench.withdraw()
    #expect(bench.codes() == ["a": "cancelled"])
    bench.withdraw(upTo: "c")
    #expect(bench.codes() == ["b": "cancelled"])
    // The next one only when it is asked for.
    #expect(bench.answers().isEmpty)
    bench.withdraw(from: "somebody else")
    #expect(bench.answers().isEmpty)
  }

  @Test func theWishStandsUntilThereIsSomethingToGiveBack() throws {
    var (bench, run) = try cluster([["a", "b"], ["a", "b"]])
    bench.part("a", db: "a", of: run.attempt)
    let part = try bench.job()
    bench.withdraw()
    #expect(bench.answers().isEmpty)
    bench.part("b", db: "b", of: run.attempt)
    #expect(bench.codes() == ["b": "cancelled"])
    bench.withdraw(upTo: "a")
    bench.part("b", db: "b", of: run.attempt)
    #expect(bench.answers().isEmpty)
    // Its worker is lost, without having died of it.
    bench.unreachable(part.worker)
    #expect(bench.codes() == ["a": "cancelled"])
  }

  @Test func aWishForWhatHasEndedIsOver() throws {
    var (bench, run) = try cluster([["a", "b"], ["a", "b"]])
    bench.part("a", db: "a", of: run.attempt)
    let part = try bench.job()
    bench.withdraw(upTo: "a")
    bench.answer("w-2", 10, part.attempt)
    #expect(bench.codes() == ["a": "OK"] && bench.broker.withdrawals.isEmpty)
    bench.withdraw()
    bench.disconnect(client: "parts")
    #expect(bench.broker.withdrawals.isEmpty)
  }

  @Test func whatOnlyOthersHaveIsNotGivenBack() throws {
    var (bench, run) = try cluster([["a"], ["a", "b"]])
    #expect(run.worker == "w-2/10")
    bench.query("busy")
    _ = try bench.job()
    bench.part("kept", db: "a", of: run.attempt, isKept: true)
    bench.withdraw()
    #expect(bench.answers().isEmpty)
  }

  @Test func whatMayKillIsNotGivenBackWhileOthersCanRunIt() throws {
    var (bench, run) = try cluster([["a"], ["a"], ["a"]])
    bench.part("a", db: "a", of: run.attempt)
    let part = try bench.job()
    bench.query("busy", db: "a", from: "other")
    let busy = try bench.job()
    bench.withdraw()
    bench.event("worker.exited", String(part.worker.prefix(3)), 10)
    #expect(bench.answers().isEmpty)
    bench.answer(String(busy.worker.prefix(3)), 10, busy.attempt)
    _ = bench.answers()
    let again = try bench.job()
    #expect(again.request == "a")
    // Now the worker of the query itself is the only one.
    bench.event("worker.exited", String(again.worker.prefix(3)), 10)
    #expect(bench.codes() == ["a": "cancelled"])
  }

  @Test func itsOwnPartsDoNotTakeItsWorkerFromASlowReader() throws {
    var (bench, run) = try cluster([["a"]])
    bench.chunk("w-1", run.attempt)
    bench.part("a", db: "a", of: run.attempt)
    bench.pass(milliseconds: 5000)
    #expect(bench.answers().isEmpty)
    bench.query("other", from: "other")
    bench.pass(milliseconds: 5000)
    #expect(bench.codes()["set"] == "aborted")
  }

  @Test func aPartWhoseTurnHasNotComeIsCutOffFirst() throws {
    var (bench, run) = try cluster([["a"], ["a"]])
    bench.chunk("w-1", run.attempt)
    bench.part("a", db: "a", of: run.attempt)
    bench.chunk("w-2", try bench.job().attempt)
    bench.query("other", from: "other")
    #expect(bench.codes().isEmpty)
    bench.pass(milliseconds: 100)
    #expect(bench.codes() == ["a": "aborted"])
    #expect(bench.told()["w-2/10"] == .stop)
  }

  @Test func partsAreRunTogetherAndSetsAreNot() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a", "b"])
    // It is known to be quick.
    for id in ["q?1", "q?2", "q?3"] {
      bench.query(id, db: "*")
      bench.answer("w-1", 10, try bench.job().attempt)
    }
    bench.gather { bench in
      for id in ["q?4", "q?5", "q?6"] { bench.query(id, db: "*") }
    }
    #expect(try bench.job().request == "q?4")
  }
}
