import Testing
import Wire

@testable import Broker

@Suite struct DatabaseTests {
  @Test func anUnknownDatabaseIsRefusedAfterTheIdleWorkersHaveLookedAgain() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", dbs: ["a"])
    bench.query("q", db: "b")
    #expect(bench.answers().isEmpty)
    #expect(bench.told() == ["w-1/10": .rescan])
    bench.ready("w-1")
    #expect(bench.answers().isEmpty)
    #expect(bench.told() == ["w-2/10": .rescan])
    bench.ready("w-2")
    #expect(bench.codes() == ["q": "no-such-database"])
    // They are as idle as before.
    bench.query("1")
    bench.query("2")
    #expect(bench.jobs().count == 2)
  }

  @Test func nobodyLooksAnyMoreWhenHalfHaveNotComeBack() {
    var bench = Bench()
    let names = ["w-1", "w-2", "w-3"]
    for name in names { bench.ready(name, dbs: ["a"]) }
    for name in names.prefix(2) {
      bench.query("q", db: "b")
      #expect(bench.told() == ["\(name)/10": .rescan])
      bench.pass(milliseconds: 1000)
      #expect(bench.codes() == ["q": "no-such-database"])
      bench.pass(milliseconds: 9_999)
      bench.query("r", db: "b")
      #expect(bench.told().isEmpty && bench.codes() == ["r": "no-such-database"])
      bench.pass(milliseconds: 1)
    }
    bench.pass(milliseconds: 60_000)
    bench.query("s", db: "b")
    #expect(bench.told().isEmpty && bench.codes() == ["s": "no-such-database"])
    // They have come back.
    for name in names.prefix(2) { bench.ready(name) }
    bench.query("t", db: "b")
    #expect(bench.told() == ["w-3/10": .rescan])
  }

  @Test func whoeverHasBecomeBusyLooksWhenItHasAnswered() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", dbs: ["b"])
    bench.query("q", db: "c")
    #expect(bench.told() == ["w-1/10": .rescan])
    bench.query("busy", db: "b")
    let busy = try bench.job()
    bench.ready("w-1")
    #expect(bench.codes().isEmpty)
    bench.answer("w-2", 10, busy.attempt)
    #expect(bench.told() == ["w-2/10": .rescan])
    bench.ready("w-2", dbs: ["b", "c"])
    #expect(try bench.job().request == "q")
  }

  @Test func aDatabaseThatHasAppearedIsFound() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("q", db: "b")
    bench.ready("w-1", dbs: ["a", "b"])
    #expect(try bench.job().request == "q")
  }

  @Test func oneWorkersFindingMakesTheOthersLook() throws {
    var bench = Bench()
    for name in ["w-1", "w-2", "w-3"] { bench.ready(name, dbs: ["a"]) }
    bench.query("busy")
    let busy = try bench.job()
    _ = bench.told()
    bench.query("q", db: "b")
    #expect(bench.told().count == 1)
    bench.ready("w-2", dbs: ["a", "b"])
    #expect(bench.told() == ["w-3/10": .rescan])
    bench.ready("w-3", dbs: ["a", "b"])
    // The one that was busy looks before it gets the next request.
    bench.answer(String(busy.worker.prefix(3)), 10, busy.attempt)
    #expect(bench.told()[busy.worker] == .rescan)
  }

  @Test func lookingAgainEnds() {
    var bench = Bench()
    for name in ["w-1", "w-2"] { bench.ready(name, dbs: ["a"]) }
    bench.query("q", db: "b")
    var rounds = 0
    var told = bench.told()
    while !told.isEmpty {
      rounds += 1
      for worker in told.keys.sorted() { bench.ready(String(worker.prefix(3)), dbs: ["a", "c"]) }
      told = bench.told()
    }
    #expect(rounds <= 3)
    #expect(bench.codes() == ["q": "no-such-database"])
  }

  @Test func withAllWorkersBusyAnUnknownNameWaitsForTheNext() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("busy")
    let busy = try bench.job()
    bench.query("q", db: "b")
    #expect(bench.answers().isEmpty)
    bench.answer("w-1", 10, busy.attempt)
    #expect(bench.codes() == ["busy": "OK"])
    #expect(bench.told() == ["w-1/10": .rescan])
    bench.ready("w-1")
    #expect(bench.codes() == ["q": "no-such-database"])
  }

  @Test func aWorkerThatDiesWhileLookingHoldsNobodyUp() {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", dbs: ["a"])
    bench.query("q", db: "b")
    bench.ready("w-1")
    bench.event("worker.exited", "w-2", 10)
    #expect(bench.codes() == ["q": "no-such-database"])
  }

  @Test func aWorkerThatDoesNotComeBackFromLookingHoldsNobodyUpForLong() throws {
    var bench = Bench()
    for name in ["w-1", "w-2"] { bench.ready(name, dbs: ["a"]) }
    bench.query("missing", db: "b")
    bench.query("new", db: "c")
    bench.ready("w-1", dbs: ["a", "c"])
    // What was found is used at once.
    #expect(try bench.job().request == "new")
    #expect(bench.answers().isEmpty)
    bench.pass(milliseconds: 1000)
    #expect(bench.codes() == ["missing": "no-such-database"])
  }

  @Test func aDatabaseThatIsGoneFromOneWorkerIsTriedOnTheOthers() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", dbs: ["a"])
    bench.query("q")
    let job = try bench.job()
    let gone = Outcome.failure(Failure(.noSuchDatabase, "gone"))
    bench.answer("w-1", 10, job.attempt, gone, dbs: [])
    // The other one looks first, and still has it.
    #expect(bench.told()["w-2/10"] == .rescan)
    bench.ready("w-2")
    #expect(try bench.job().worker == "w-2/10")
  }

  @Test func aDatabaseThatIsGoneFromAllIsRefused() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("q")
    let gone = Outcome.failure(Failure(.noSuchDatabase, "gone"))
    bench.answer("w-1", 10, try bench.job().attempt, gone, dbs: [])
    bench.ready("w-1")
    #expect(bench.codes() == ["q": "no-such-database"])
  }

  @Test func withoutWorkersANameIsRefusedAtOnce() {
    var bench = Bench()
    bench.query("q")
    #expect(bench.codes() == ["q": "no-such-database"])
  }

  @Test func aNewRouterWaitsForItsWorkers() throws {
    var bench = Bench(settled: false)
    bench.query("q", db: "b")
    bench.ready("w-1", dbs: ["a"])
    #expect(bench.answers().isEmpty)
    bench.ready("w-2", dbs: ["b"])
    #expect(try bench.job().worker == "w-2/10")
    bench.ready("w-1")
    bench.query("other", db: "c")
    #expect(bench.answers().isEmpty)
    bench.ready("w-1")
    #expect(bench.answers().isEmpty)
    _ = bench.told()
    let due = try #require(bench.broker.nextDeadline)
    bench.pass(milliseconds: due.millisecondsUp(since: bench.now))
    #expect(bench.told()["w-1/10"] == .rescan)
    bench.ready("w-1")
    #expect(bench.codes() == ["other": "no-such-database"])
  }

  @Test func aNewRouterFindsANewDatabaseAtOnce() throws {
    var bench = Bench(settled: false)
    bench.ready("w-1", dbs: ["a"])
    bench.query("q", db: "b")
    #expect(bench.told()["w-1/10"] == .rescan)
    bench.ready("w-1", dbs: ["a", "b"])
    #expect(try bench.job().worker == "w-1/10")
  }

  @Test func theListNamesAllDatabases() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["b", "a"])
    bench.ready("w-2", dbs: ["b"])
    bench.show("s")
    _ = bench.told()
    bench.ready("w-1")
    bench.ready("w-2")
    guard
      case .answer(let request, let line, .values(let columns, let rows, .json))? = bench.effects
        .last(
          where: { if case .answer = $0 { true } else { false } })
    else {
      Issue.record("no list")
      return
    }
    #expect(TestRequest.id(request) == "s" && line.word == "OK" && line["rows"] == "2")
    #expect(columns == ["database", "workers", "error", "peers"])
    #expect(
      rows == [
        [.text("a"), .integer(1), .null, .integer(0)],
        [.text("b"), .integer(2), .null, .integer(0)],
      ])
  }

  @Test func theListDoesNotWaitForBusyWorkers() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("busy")
    _ = try bench.job()
    bench.show("s")
    #expect(bench.codes() == ["s": "OK"])
  }

  @Test func whoAsksForUnknownNamesDoesNotKeepTheWorkersLooking() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("x1", db: "none")
    #expect(bench.told().keys.sorted() == ["w-1/10"])
    bench.pass(milliseconds: 50)
    bench.ready("w-1", dbs: ["a"])
    #expect(bench.codes() == ["x1": "no-such-database"])
    // The next look has to wait, and nobody else does.
    bench.query("x2", db: "nothing")
    bench.query("y1", from: "y")
    #expect(bench.told().isEmpty && bench.codes().isEmpty)
    bench.answer("w-1", 10, try bench.job().attempt)
    #expect(bench.codes() == ["y1": "OK"])
    let due = try #require(bench.broker.nextDeadline)
    #expect(due.millisecondsUp(since: bench.now) == 200)
    bench.pass(milliseconds: 200)
    #expect(bench.told().keys.sorted() == ["w-1/10"])
    bench.ready("w-1", dbs: ["a", "nothing"])
    #expect(try bench.job().request == "x2")
  }
}
