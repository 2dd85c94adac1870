import Testing
import Wire

@testable import Broker

@Suite struct VersionTests {
  private func bench(workers: Int = 1) -> Bench {
    var bench = Bench()
    for number in 1...workers { bench.ready("w-\(number)", dbs: ["a"]) }
    return bench
  }

  private func changes(_ bench: inout Bench) -> [String?] {
    bench.eventLines().filter { $0.word == "database.changed" }.map { $0["version"] }
  }

  @Test func answersCarryTheVersion() throws {
    var bench = bench()
    bench.query("q")
    bench.answer("w-1", 10, try bench.job().attempt, version: "v1")
    #expect(bench.answers().first?.line["version"] == "v1")
    // The first version that is seen is no change.
    #expect(changes(&bench) == [])
    bench.query("r")
    bench.answer("w-1", 10, try bench.job().attempt, version: "v2")
    #expect(changes(&bench) == ["v2"])
  }

  @Test func anUnchangedAnswerIsGivenAtOnceOrAfterAChange() throws {
    var bench = bench()
    bench.query("now", ifVersion: "v1")
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged, version: "v1")
    let answer = try #require(bench.answers().first)
    #expect(answer.line["unchanged"] == "1" && answer.line["version"] == "v1")

    bench.query("later", ifVersion: "v1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged, version: "v1")
    #expect(bench.answers().isEmpty && bench.broker.parked.count == 1)
    bench.query("other")
    bench.answer("w-1", 10, try bench.job().attempt, version: "v2")
    #expect(bench.codes() == ["other": "OK"])
    let job = try bench.job()
    #expect(job.request == "later")
    #expect(!bench.events().contains("request.retried"))
    bench.answer("w-1", 10, job.attempt, version: "v2")
    #expect(bench.answers().first?.line["version"] == "v2")
    #expect(bench.broker.isEmpty)
  }

  @Test func whoWaitsInVainIsToldSoAtItsDeadline() throws {
    var bench = bench()
    bench.query("q", deadline: 500, ifVersion: "v1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged, version: "v1")
    bench.pass(milliseconds: 500)
    let answer = try #require(bench.answers().first)
    #expect(answer.line.word == "OK" && answer.line["unchanged"] == "1")
    #expect(answer.line["version"] == "v1")
  }

  @Test func aNoteMakesAWorkerLookUntilTheChangeIsSeen() throws {
    var bench = bench(workers: 2)
    bench.query("q", ifVersion: "v1", waits: true)
    let job = try bench.job()
    bench.answer("w-1", 10, job.attempt, .unchanged, version: "v1")
    bench.pass(milliseconds: 50)
    bench.noteChange(of: "a")
    #expect(bench.told() == ["w-2/10": .check(database: "a")])
    // The commit is not visible yet.
    bench.ready("w-2", versions: [VersionReport(database: "a", version: "v1")])
    #expect(bench.told().isEmpty && changes(&bench) == [])
    bench.pass(milliseconds: 20)
    #expect(bench.told() == ["w-1/10": .check(database: "a")])
    bench.ready("w-1", versions: [VersionReport(database: "a", version: "v2")])
    #expect(changes(&bench) == ["v2"])
    #expect(try bench.job().request == "q")
  }

  @Test func notesWithoutAChangeAreFollowedUpAFewTimes() throws {
    var bench = bench()
    bench.noteChange(of: "a")
    var looks = 0
    for _ in 0..<200 {
      if bench.told() == ["w-1/10": .check(database: "a")] {
        looks += 1
        bench.ready("w-1", versions: [VersionReport(database: "a", version: "v1")])
      }
      bench.pass(milliseconds: 10)
    }
    #expect(looks == 4)
    // What was written to before its version was known counts as changed.
    #expect(changes(&bench) == ["v1"])
  }

  @Test func manyNotesAreFewLooks() throws {
    var bench = bench()
    var looks = 0
    for millisecond in 0..<1000 {
      bench.noteChange(of: "a")
      if bench.told() == ["w-1/10": .check(database: "a")] {
        looks += 1
        bench.ready(
          "w-1", versions: [VersionReport(database: "a", version: "v\(millisecond)")])
      }
      bench.pass(milliseconds: 1)
    }
    #expect((20...60).contains(looks), "\(looks)")
  }

  @Test func withoutNotesWhoWaitsIsStillServed() throws {
    var bench = bench()
    bench.query("q", ifVersion: "v1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged, version: "v1")
    bench.pass(milliseconds: 1000)
    #expect(bench.told() == ["w-1/10": .check(database: "a")])
    bench.ready("w-1", versions: [VersionReport(database: "a", version: "v2")])
    #expect(try bench.job().request == "q")
  }

  @Test func anAnswerFromBeforeTheLastNewsIsNoNews() throws {
    var bench = bench(workers: 2)
    bench.query("slow")
    let slow = try bench.job()
    bench.pass(milliseconds: 10)
    for version in ["v1", "v2"] {
      bench.query("q")
      bench.pass(milliseconds: 1)
      bench.answer("w-2", 10, try bench.job().attempt, version: version)
    }
    #expect(changes(&bench) == ["v2"])
    bench.answer("w-1", 10, slow.attempt, version: "v1")
    #expect(changes(&bench) == [])
    #expect(bench.broker.versions["a"] == "v2")
  }

  @Test func aWorkerThatDiesWhileItLooksIsReplaced() throws {
    var bench = bench(workers: 2)
    bench.event("worker.started", "w-1", 10)
    bench.noteChange(of: "a")
    #expect(bench.told() == ["w-1/10": .check(database: "a")])
    bench.pass(milliseconds: 30)
    bench.event("worker.exited", "w-1", 10)
    bench.event("worker.started", "w-1", 11)
    // It may have been the database: as long as its successor hangs too, nobody else is to.
    bench.pass(milliseconds: 60_000)
    bench.noteChange(of: "a")
    #expect(bench.told().isEmpty)
    bench.ready("w-1", 11, dbs: ["a"])
    #expect(bench.told() == ["w-2/10": .check(database: "a")])
  }

  @Test func whatCanBeReadIsLookedAtAgainThoughAWorkerWasLost() throws {
    var bench = bench(workers: 2)
    bench.noteChange(of: "a")
    #expect(bench.told() == ["w-1/10": .check(database: "a")])
    bench.disconnect(worker: "w-1/10")
    bench.query("q", ifVersion: "v1", waits: true)
    bench.answer("w-2", 10, try bench.job().attempt, .unchanged, version: "v1")
    bench.pass(milliseconds: 100)
    #expect(bench.told() == ["w-2/10": .check(database: "a")])
  }

  @Test func aLookThatDoesNotEndHoldsOtherLooksUpForAWhile() throws {
    var bench = Bench()
    for number in 1...2 { bench.ready("w-\(number)", dbs: ["a", "b"]) }
    bench.noteChange(of: "b")
    #expect(bench.told() == ["w-1/10": .check(database: "b")])
    bench.query("q", ifVersion: "v1", waits: true)
    bench.answer("w-2", 10, try bench.job().attempt, .unchanged, version: "v1")
    bench.noteChange(of: "a")
    #expect(bench.told().isEmpty)
    let due = try #require(bench.broker.nextDeadline)
    #expect(due <= bench.now.adding(milliseconds: 3000))
    bench.pass(milliseconds: 3000)
    #expect(bench.told() == ["w-2/10": .check(database: "a")])
  }

  @Test func whatSomebodyWaitsForIsLookedAtFirst() throws {
    var bench = Bench()
    let names = (0..<100).map { "d\($0)" }
    bench.ready("w-1", dbs: ["a"] + names)
    bench.query("q", ifVersion: "v1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged, version: "v1")
    for name in names { bench.noteChange(of: name) }
    let first = try #require(bench.told()["w-1/10"])
    let database = try #require(names.first { first == .check(database: $0) })
    bench.noteChange(of: "a")
    bench.pass(milliseconds: 50)
    // It has to rest, but not from that.
    bench.ready("w-1", versions: [VersionReport(database: database, version: nil)])
    #expect(bench.told() == ["w-1/10": .check(database: "a")])
  }

  @Test func oneWorkerIsLeftForRequests() throws {
    var bench = Bench()
    let names = (0..<8).map { "d\($0)" }
    for number in 1...3 { bench.ready("w-\(number)", dbs: ["a"] + names) }
    for name in names { bench.noteChange(of: name) }
    #expect(bench.told().count == 2)
    bench.query("q")
    #expect(try bench.job().worker == "w-3/10")
  }

  /// Databases that are locked take 50 ms of whoever looks at them, and are written to all the time.
  @Test(arguments: [1, 2, 3]) func requestsGoBeforeLooks(workers: Int) throws {
    var bench = Bench()
    let names = (0..<8).map { "d\($0)" }
    for number in 1...workers { bench.ready("w-\(number)", dbs: ["a"] + names) }
    var looks: [(worker: String, database: String, end: Instant)] = []
    var (looked, begun) = ([:] as [String: Int], [:] as [Int: Instant])
    var waits: [Int64] = []
    for millisecond in 0..<10_000 {
      for look in looks where look.end <= bench.now {
        bench.ready(look.worker, versions: [VersionReport(database: look.database, version: nil)])
      }
      looks.removeAll { $0.end <= bench.now }
      for name in names where millisecond % 20 == 0 { bench.noteChange(of: name) }
      if millisecond % 4 == 0 {
        begun[millisecond] = bench.now
        bench.query("\(millisecond)")
      }
      for job in bench.jobs() {
        waits.append(bench.now.microseconds(since: try #require(begun[Int(job.request) ?? -1])))
        bench.answer(String(job.worker.prefix(3)), 10, job.attempt)
      }
      for (worker, command) in bench.told() {
        guard case .check(let database) = command else { continue }
        looked[database, default: 0] += 1
        looks.append(
          (String(worker.prefix(3)), database, bench.now.adding(milliseconds: 50)))
      }
      _ = bench.answers()
      bench.pass(milliseconds: 1)
    }
    waits.sort()
    #expect(waits.count > 2400 && waits[waits.count / 2] == 0)
    #expect(waits[waits.count * 9 / 10] <= (workers == 1 ? 50_000 : 0))
    // Nobody is forgotten.
    #expect(looked.count == 8 && looked.values.allSatisfy { $0 >= 2 })
  }

  @Test func whoWaitsIsCountedAndCanBeCancelled() throws {
    var bench = bench()
    bench.query("q", ifVersion: "v1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged, version: "v1")
    bench.cancel("q")
    #expect(bench.codes() == ["q": "cancelled"])
    #expect(bench.broker.parked.isEmpty)

    bench.query("r", ifVersion: "v1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged, version: "v1")
    bench.drain()
    #expect(bench.codes() == ["r": "draining"])
  }

  @Test func aDatabaseThatGoesAwayEndsTheWait() throws {
    var bench = bench()
    bench.query("q", ifVersion: "v1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged, version: "v1")
    bench.query("r")
    bench.answer(
      "w-1", 10, try bench.job().attempt, .failure(Failure(.noSuchDatabase, "gone")), dbs: [])
    while bench.told()["w-1/10"] == .rescan { bench.ready("w-1") }
    #expect(bench.codes() == ["q": "no-such-database", "r": "no-such-database"])
  }

  @Test func whoWaitsLearnsOfAChangeWhileTheOnlyWorkerWasAway() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-1", 10, dbs: ["a"])
    bench.query("q", deadline: 60_000, ifVersion: "v1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged, version: "v1")
    bench.event("worker.exited", "w-1", 10)
    bench.event("worker.started", "w-1", 11)
    _ = bench.told()
    bench.ready("w-1", 11, dbs: ["a"])
    bench.pass(milliseconds: 1000)
    #expect(bench.told() == ["w-1/11": .check(database: "a")])
    bench.ready("w-1", 11, versions: [VersionReport(database: "a", version: "v2")])
    #expect(changes(&bench) == ["v2"])
    #expect(try bench.job().request == "q")
  }

  @Test func versionsOfDatabasesThatNobodyHasAreForgotten() throws {
    var bench = bench()
    bench.query("q")
    bench.answer("w-1", 10, try bench.job().attempt, version: "v1")
    #expect(bench.broker.versions["a"] == "v1")
    bench.ready("w-1", dbs: ["b"])
    #expect(bench.broker.versions.databases.isEmpty)
  }

  @Test func anUnchangedAnswerOfAWorkerThatCountsAsDeadLeavesTheQueue() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready), ("w-2", 11, .ready)])
    bench.ready("w-1", 10, dbs: ["a"])
    bench.ready("w-2", 11, dbs: ["a"])
    bench.query("q", deadline: 60_000, ifVersion: "v1", waits: true)
    let job = try bench.job()
    bench.query("busy", deadline: 60_000)
    _ = try bench.job()
    bench.event("worker.exited", "w-1", 10)
    #expect(bench.broker.queue.count == 1)
    bench.answer("w-1", 10, job.attempt, .unchanged, version: "v1")
    #expect(bench.broker.queue.count == 0)
    #expect(bench.broker.parked.count == 1)
  }
}
