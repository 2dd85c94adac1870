import TestSupport
import Testing
import Wire

@testable import Broker

@Suite struct FairnessTests {
  /// Lets one worker run everything, and returns the requests in the order in which they ran.
  private func runAll(_ bench: inout Bench, run: Int64 = 5) throws -> [String] {
    var order: [String] = []
    while let job = bench.jobs().first {
      order.append(job.request)
      bench.answer("w-1", 10, job.attempt, run: run)
    }
    return order
  }

  @Test func clientsTakeTurns() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    for id in 1...4 { bench.query("x\(id)", from: "x") }
    for id in 1...2 { bench.query("y\(id)", from: "y") }
    bench.query("z1", from: "z")
    #expect(try runAll(&bench) == ["x1", "x2", "y1", "z1", "x3", "y2", "x4"])
  }

  @Test func whoHasOneRequestWaitsForOneTurnOfEachOther() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    for id in 0..<1000 { bench.query("greedy\(id)", from: "greedy") }
    let first = try bench.job()
    bench.query("single", from: "modest")
    bench.answer("w-1", 10, first.attempt)
    bench.answer("w-1", 10, try bench.job().attempt)
    #expect(try bench.job().request == "single")
  }

  @Test func envelopesAreNoClientsOfTheirOwn() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    for id in 1...4 { bench.query("x\(id)", from: "x", envelope: "e\(id)") }
    for id in 1...2 { bench.query("y\(id)", from: "y") }
    #expect(try runAll(&bench) == ["x1", "x2", "y1", "x3", "y2", "x4"])
  }

  @Test func theDatabasesOfAClientTakeTurns() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a", "b"])
    bench.query("first", db: "a")
    for id in 1...3 { bench.query("a\(id)", db: "a") }
    bench.query("b1", db: "b")
    #expect(try runAll(&bench) == ["first", "a1", "b1", "a2", "a3"])
  }

  @Test func aBusyDatabaseHoldsNobodyUp() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.ready("w-2", dbs: ["b"])
    for id in 1...3 { bench.query("a\(id)", db: "a", from: "x") }
    bench.query("b1", db: "b", from: "x")
    #expect(bench.jobs().map(\.request) == ["a1", "b1"])
  }

  @Test func whatHasLostItsWorkerGoesFirst() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-1", dbs: ["a"])
    for id in 1...3 { bench.query("x\(id)", from: "x") }
    bench.query("y1", from: "y")
    #expect(try bench.job().request == "x1")
    bench.event("worker.exited", "w-1", 10)
    bench.ready("w-1", 11, dbs: ["a"])
    #expect(try bench.job().request == "x1")
  }

  @Test func oneConnectionHasABoundOfItsOwn() throws {
    var configuration = Configuration()
    configuration.maxRequestsInFlight = 2
    var bench = Bench(configuration)
    bench.ready("w-1", dbs: ["a"])
    for id in 1...3 { bench.query("x\(id)", from: "x") }
    bench.query("y1", from: "y")
    let refused = try #require(bench.answers().first)
    #expect(refused.request == "x3" && refused.line["code"] == "busy")
    #expect(refused.line["retry_ms"] != nil)
    bench.answer("w-1", 10, try bench.job().attempt)
    bench.query("x4", from: "x")
    #expect(bench.codes() == ["x1": "OK"])
  }

  /// A broker that reserves some of its workers.
  private func reserving(_ reserved: Int, of workers: Int) -> Bench {
    var configuration = Configuration()
    configuration.reservedWorkers = reserved
    var bench = Bench(configuration)
    for number in 1...workers { bench.ready("w-\(number)", dbs: ["a"]) }
    return bench
  }

  @Test func reservedWorkersRunOnlyWhatHasBeenShort() throws {
    var bench = reserving(1, of: 2)
    // Nothing is known of either: one worker runs them one after the other.
    bench.query("slow?1", from: "x")
    bench.query("slow?2", from: "x")
    let first = try bench.job()
    bench.answer(String(first.worker.prefix(3)), 10, first.attempt, run: 1_000_000)
    let second = try bench.job()
    #expect(second.request == "slow?2")
    bench.query("quick?1", from: "y")
    #expect(bench.jobs().isEmpty)
    bench.answer(String(second.worker.prefix(3)), 10, second.attempt, run: 1_000_000)
    let quick = try bench.job()
    bench.answer(String(quick.worker.prefix(3)), 10, quick.attempt, run: 50)
    // Now it is known to be short, and the other worker is kept for that.
    bench.query("slow?3", from: "x")
    bench.query("slow?4", from: "x")
    _ = try bench.job()
    bench.query("quick?2", from: "x")
    #expect(try bench.job().request == "quick?2")
  }

  @Test func reservedWorkersTrustNoOtherLiterals() throws {
    var bench = reserving(1, of: 2)
    bench.query("quick=1")
    let first = try bench.job()
    bench.answer(String(first.worker.prefix(3)), 10, first.attempt, run: 50)
    bench.query("quick=2", from: "x")
    bench.query("quick=3", from: "x")
    let second = try bench.job()
    #expect(second.request == "quick=2")
    bench.query("quick=1", from: "y")
    #expect(try bench.job().request == "quick=1")
    // Nor are those that are known blamed for others.
    bench.answer(String(second.worker.prefix(3)), 10, second.attempt, run: 1_000_000)
    #expect(try bench.job().request == "quick=3")
    #expect(bench.broker.requests.values.contains { $0.statement?.isLong == false })
  }

  @Test func whatMayBeLongIsNotRunBehindWhatIsShort() throws {
    var bench = reserving(1, of: 1)
    bench.query("quick=1")
    bench.answer("w-1", 10, try bench.job().attempt, run: 50)
    bench.gather { bench in
      for (number, id) in ["quick=1", "quick=2", "quick=3", "quick=1"].enumerated() {
        bench.query(id, envelope: "\(number)")
      }
    }
    let first = bench.jobs()
    #expect(first.map(\.request) == ["quick=1"])
    bench.answer("w-1", 10, first[0].attempt, run: 50)
    #expect(Set(bench.jobs().map(\.request)) == ["quick=1", "quick=2", "quick=3"])
  }

  @Test func aReserveNeverTakesTheOnlyWorker() throws {
    var bench = reserving(4, of: 1)
    bench.query("slow")
    #expect(try bench.job().request == "slow")
  }

  @Test func aDatabaseMayCapTheTime() throws {
    var configuration = Configuration()
    configuration.maxDeadlineMilliseconds = 1000
    configuration.databaseDeadlineMilliseconds = ["b": 10]
    var bench = Bench(configuration)
    bench.query("a", db: "a", deadline: 5000)
    bench.query("b", db: "b", deadline: 5000)
    bench.query("short", db: "b", deadline: 5)
    let deadlines = bench.broker.requests.values.map {
      (TestRequest.id($0.payload), $0.deadline.millisecondsUp(since: $0.arrival))
    }
    #expect(
      Dictionary(uniqueKeysWithValues: deadlines) == ["a": 1000, "b": 10, "short": 5]
        || bench.broker.requests.isEmpty)
  }

  /// Behind one whose turn does not come.
  @Test func thoseWhoHaveNothingAreNotKept() throws {
    var queue = RequestQueue()
    let (busy, free) = (
      RequestQueue.Lane(database: "a", isShort: true),
      RequestQueue.Lane(database: "b", isShort: true)
    )
    queue.insert(0, of: Bench.peer("first"), in: busy, size: 1)
    for number in 1...1000 as ClosedRange<UInt64> {
      queue.insert(number, of: Bench.peer("c\(number)"), in: free, size: 1)
    }
    while queue.count > 1 {
      let turn = try #require(queue.turn(where: { $0 == free }, unless: { _ in false }))
      queue.take(turn)
      queue.remove(turn.number, of: Bench.peer("c\(turn.number)"), in: free, size: 1)
      try #require(queue.turns.count <= 2 * queue.clientsWaiting + RequestQueue.fewTurns)
      try #require(queue.clients.count == queue.turns.count)
    }
    #expect(queue.clients[Bench.peer("first")] != nil)
  }

  /// The queue against a plain model: everything comes out once, the order within a client and lane
  /// is that of arrival, and nobody waits longer than a turn of each other client.
  @Test(arguments: 1...20) func turnsOfManyClients(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var queue = RequestQueue()
    let lanes = ["a", "b", "c", "d", "e", "f"].map {
      RequestQueue.Lane(database: $0, isShort: true)
    }
    var waiting: [UInt64: (client: PeerID, lane: RequestQueue.Lane)] = [:]
    var passedOver: [PeerID: Int] = [:]
    for number in 1...2000 as ClosedRange<UInt64> {
      let client = Bench.peer("c\(Int.random(in: 0..<8, using: &random))")
      let lane = lanes.randomElement(using: &random) ?? lanes[0]
      queue.insert(number, of: client, in: lane, size: 1)
      waiting[number] = (client, lane)
      if Int.random(in: 0..<10, using: &random) == 0,
        let gone = waiting.keys.sorted().randomElement(using: &random),
        let (client, lane) = waiting.removeValue(forKey: gone)
      {
        queue.remove(gone, of: client, in: lane, size: 1)
      }
      // Who comes back begins anew.
      let present = Set(waiting.values.map(\.client))
      passedOver = passedOver.filter { present.contains($0.key) }
      if Int.random(in: 0..<3, using: &random) > 0 { continue }
      let turn = queue.turn(where: { _ in true }, unless: { _ in false })
      if let turn { queue.take(turn) }
      let picked = turn?.number
      #expect((picked == nil) == waiting.isEmpty)
      guard let picked, let (client, lane) = waiting[picked] else { continue }
      let earlier = waiting.filter {
        $0.key < picked && $0.value.client == client && $0.value.lane == lane
      }
      #expect(earlier.isEmpty)
      let others = Set(waiting.values.map(\.client)).subtracting([client])
      passedOver[client] = nil
      for other in others { passedOver[other, default: 0] += 1 }
      #expect(passedOver.values.allSatisfy { $0 <= 8 })
      queue.remove(picked, of: client, in: lane, size: 1)
      waiting[picked] = nil
      #expect(queue.count == waiting.count && queue.bytes == waiting.count)
    }
  }
}
