import Testing
import Wire

@testable import Broker

@Suite struct QuarantineTests {
  /// A cluster with workers that are started again as soon as they die.
  private struct Cluster {
    var bench = Bench()
    var generation: Int64 = 10
    var current: [String: Int64] = [:]

    init(workers: Int) {
      for number in 1...workers { start("w-\(number)") }
    }

    mutating func start(_ name: String) {
      generation += 1
      current[name] = generation
      bench.event("worker.started", name, generation)
      bench.ready(name, generation, dbs: ["a"])
    }

    /// Lets the worker of a job die, and starts it again.
    mutating func kill(_ job: (worker: String, request: String, attempt: Attempt)) {
      let name = String(job.worker.prefix(3))
      bench.event("worker.exited", name, current[name] ?? 0)
      start(name)
    }

    /// Lets a request kill all the workers that it is given, and returns its code.
    mutating func die(_ request: String) throws -> String? {
      bench.query(request)
      for _ in 0..<3 {
        guard let job = bench.jobs().first(where: { $0.request == request }) else { break }
        kill(job)
      }
      return bench.codes()[request]
    }
  }

  @Test func whatHasKilledWorkersIsRefusedForAWhile() throws {
    var cluster = Cluster(workers: 2)
    #expect(try cluster.die("poison?1") == "crashed")
    #expect(cluster.bench.events().contains("request.quarantined"))
    #expect(try cluster.die("poison?1") == "quarantined")
    // Other parameters, and other databases' statements, are other requests.
    cluster.bench.query("poison?2")
    cluster.bench.query("good?1")
    #expect(Set(cluster.bench.jobs().map(\.request)) == ["poison?2", "good?1"])
  }

  @Test func itEndsWithTimeOrWhenItIsCleared() throws {
    var cluster = Cluster(workers: 1)
    #expect(try cluster.die("poison?1") == "crashed")
    cluster.bench.state([("w-1", cluster.generation, .ready)])
    #expect(cluster.bench.broker.nextDeadline != nil)
    for _ in 0..<30 {
      cluster.bench.pass(milliseconds: 2000)
      cluster.bench.state([("w-1", cluster.generation, .ready)])
    }
    #expect(cluster.bench.events().contains("request.released"))
    #expect(try cluster.die("poison?1") == "crashed")
    #expect(try cluster.die("poison?1") == "quarantined")
    cluster.bench.broker.clearQuarantine()
    #expect(try cluster.die("poison?1") == "crashed")
  }

  @Test func afterSeveralParameterSetsTheTextIsRefused() throws {
    var cluster = Cluster(workers: 2)
    for set in 1...3 { #expect(try cluster.die("poison?\(set)") == "crashed") }
    #expect(try cluster.die("poison?4") == "quarantined")
    #expect(cluster.bench.broker.quarantine.entries.count == 1)
    cluster.bench.query("good?1")
    #expect(cluster.bench.jobs().map(\.request) == ["good?1"])
  }

  @Test func aTextThatIsSurvivedInBetweenIsNotRefused() throws {
    var cluster = Cluster(workers: 1)
    for set in 1...6 {
      #expect(try cluster.die("lookup?\(set)") == "crashed")
      #expect(try cluster.die("lookup?\(set)") == "quarantined")
      cluster.bench.query("lookup?good")
      let job = try cluster.bench.job()
      cluster.bench.answer("w-1", cluster.generation, job.attempt)
      #expect(cluster.bench.codes() == ["lookup?good": "OK"])
    }
  }

  @Test func aSuspectRunsOnlyWhenNoOtherDoes() throws {
    var cluster = Cluster(workers: 3)
    for id in ["x?1", "y?1"] { cluster.bench.query(id) }
    let first = cluster.bench.jobs()
    #expect(first.count == 2)
    for job in first { cluster.kill(job) }
    let again = cluster.bench.jobs()
    #expect(again.map(\.request) == ["x?1"])
    // What has killed nobody goes on meanwhile.
    cluster.bench.query("good?1")
    #expect(try cluster.bench.job().request == "good?1")
    cluster.bench.answer(
      String(again[0].worker.prefix(3)), cluster.current[String(again[0].worker.prefix(3))] ?? 0,
      again[0].attempt)
    #expect(try cluster.bench.job().request == "y?1")
  }

  @Test func theSameSentManyTimesKillsNoMoreWorkers() throws {
    var cluster = Cluster(workers: 3)
    for number in 0..<50 { cluster.bench.query("x?1", from: "c\(number)") }
    // Those that were begun before anything was known, then one at a time.
    var deaths = 0
    var running = cluster.bench.jobs()
    while !running.isEmpty {
      cluster.kill(running.removeFirst())
      deaths += 1
      running += cluster.bench.jobs()
      #expect(cluster.bench.broker.workers.values.count { $0.runsSuspect } <= 1)
    }
    #expect(deaths <= 6)
    let codes = Set(cluster.bench.answers().map { $0.line["code"] })
    #expect(codes.isSubset(of: ["quarantined", "crashed"]))
    #expect(cluster.bench.broker.isEmpty)
  }

  @Test func deathsOfRequestsThatAreSurvivedInTheEndAreForgiven() throws {
    var cluster = Cluster(workers: 1)
    for _ in 0..<5 {
      cluster.bench.query("q?1")
      cluster.kill(try cluster.bench.job())
      let job = try cluster.bench.job()
      cluster.bench.answer("w-1", cluster.generation, job.attempt)
      #expect(cluster.bench.codes() == ["q?1": "OK"])
    }
    #expect(cluster.bench.broker.quarantine.isEmpty)
  }

  @Test func whatOutlivesItsDeadlineAndItsWorkerIsRefusedToo() throws {
    var cluster = Cluster(workers: 1)
    for _ in 0..<3 {
      cluster.bench.query("loop?1", deadline: 10)
      _ = try cluster.bench.job()
      cluster.bench.pass(milliseconds: 550)
      cluster.bench.event("worker.exited", "w-1", cluster.generation, status: 79)
      cluster.start("w-1")
      #expect(cluster.bench.codes() == ["loop?1": "deadline"])
    }
    cluster.bench.query("loop?1", deadline: 10)
    #expect(cluster.bench.codes() == ["loop?1": "quarantined"])
  }

  @Test func closingTheConnectionIsNoWayAroundIt() throws {
    var cluster = Cluster(workers: 1)
    for _ in 0..<3 {
      cluster.bench.query("loop?1", from: "hasty")
      _ = try cluster.bench.job()
      cluster.bench.disconnect(client: "hasty")
      cluster.bench.event("worker.exited", "w-1", cluster.generation, status: 79)
      cluster.start("w-1")
    }
    cluster.bench.query("loop?1")
    #expect(cluster.bench.codes() == ["loop?1": "quarantined"])
  }

  @Test func otherLiteralsAreOtherStatements() throws {
    var cluster = Cluster(workers: 2)
    for literal in 1...4 { #expect(try cluster.die("poison=\(literal)") == "crashed") }
    #expect(try cluster.die("poison=1") == "quarantined")
    cluster.bench.query("poison=5")
    #expect(cluster.bench.jobs().map(\.request) == ["poison=5"])
  }

  @Test func whatIsRememberedIsBounded() throws {
    var quarantine = Quarantine(deaths: 2)
    let now = Instant(microseconds: 0)
    for number in 0..<5000 as Range<UInt64> {
      let account = Quarantine.Account(
        statement: StatementKey(database: "a", text: number), parameters: 0, excerpt: "")
      _ = quarantine.died(account, now: now.adding(milliseconds: Int(number)))
      if number.isMultiple(of: 2) {
        _ = quarantine.died(account, now: now.adding(milliseconds: Int(number)))
      }
    }
    #expect(quarantine.entries.count == Quarantine.capacity)
    _ = quarantine.expire(now.adding(milliseconds: 100_000))
    #expect(quarantine.isEmpty)
  }
}
