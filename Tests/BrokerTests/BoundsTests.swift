import TestSupport
import Testing
import Wire

@testable import Broker

/// No connection keeps the others out, whatever it lets wait.
@Suite struct BoundsTests {
  /// A broker whose only worker is busy.
  private func busy(requests: Int = 100, bytes: Int = 1 << 20) throws -> Bench {
    var configuration = Configuration()
    configuration.maxQueuedRequests = requests
    configuration.maxQueuedBytes = bytes
    var bench = Bench(configuration)
    bench.ready("w-1", dbs: ["a"])
    bench.query("running", from: "first")
    _ = try bench.job()
    return bench
  }

  @Test func oneConnectionFillsAFourthOfTheQueue() throws {
    var bench = try busy(requests: 8)
    for id in 1...3 { bench.query("x\(id)", from: "x", envelope: "e\(id)") }
    #expect(bench.codes() == ["x3": "busy"])
    bench.query("y1", from: "y")
    #expect(bench.codes().isEmpty)
    bench.cancel("x1", from: "xe1")
    bench.query("x4", from: "x")
    #expect(bench.codes() == ["x1": "cancelled"])
  }

  @Test func oneConnectionFillsAFourthOfTheBytes() throws {
    var bench = try busy(bytes: 400)
    bench.query("x1", from: "x", size: 60)
    bench.query("x2", from: "x", size: 41)
    bench.query("x3", from: "x", size: 40)
    #expect(bench.codes() == ["x2": "busy"])
    // What is larger than that may wait alone.
    bench.query("y1", from: "y", size: 150)
    bench.query("y2", from: "y", size: 1)
    #expect(bench.codes() == ["y2": "busy"])
  }

  @Test func whatWaitsForAChangeCountsAsWell() throws {
    var bench = try busy(requests: 8)
    bench.ready("w-2", dbs: ["a"])
    for id in 1...2 {
      bench.query("x\(id)", from: "x", ifVersion: "5", waits: true)
      bench.answer("w-2", 10, try bench.job().attempt, .unchanged, version: "5")
    }
    bench.query("x3", from: "x")
    #expect(bench.codes() == ["x3": "busy"])
    bench.query("y1", from: "y")
    #expect(try bench.job().request == "y1")
  }

  @Test func whoHasMostMakesRoomWhenTheQueueIsFull() throws {
    var bench = try busy(requests: 8)
    for client in ["a", "b", "c", "d"] {
      for id in 1...2 { bench.query("\(client)\(id)", from: client) }
    }
    #expect(bench.codes().isEmpty)
    bench.query("new1", from: "new")
    let dropped = bench.answers()
    #expect(dropped.map(\.request) == ["d2"])
    #expect(dropped.first?.line["code"] == "busy" && dropped.first?.line["retry_ms"] != nil)
    // As many as the others have is no reason.
    bench.query("new2", from: "new")
    #expect(bench.codes() == ["new2": "busy"])
    #expect(bench.broker.queue.count == 8)
  }

  @Test func whoHasMostBytesMakesRoomForThose() throws {
    var bench = try busy(bytes: 400)
    for client in ["a", "b", "c", "d"] {
      for id in 1...5 { bench.query("\(client)\(id)", from: client, size: 20) }
    }
    bench.query("new", from: "new", size: 50)
    #expect(bench.codes() == ["d5": "busy", "c5": "busy", "b5": "busy"])
    bench.query("large", from: "large", size: 90)
    #expect(bench.codes() == ["large": "busy"])
    #expect(bench.broker.queue.bytes == 390)
  }

  /// What is kept for each connection, against a count of its requests.
  @Test(arguments: 1...10) func whatIsCountedIsWhatThereIs(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var configuration = Configuration()
    configuration.maxQueuedRequests = 20
    configuration.maxQueuedBytes = 1000
    configuration.tries = 2
    var bench = Bench(configuration)
    for worker in 1...3 { bench.ready("w-\(worker)", dbs: ["a"]) }
    var running: [(worker: String, request: String, attempt: Attempt)] = []
    for step in 1...500 {
      let client = "c\(Int.random(in: 0..<6, using: &random))"
      switch Int.random(in: 0..<10, using: &random) {
      case 0: bench.cancel("\(client)-\(step - 3)", from: client)
      case 1: bench.disconnect(client: client)
      case 2:
        guard let job = running.popLast() else { break }
        bench.disconnect(worker: job.worker)
        bench.ready(String(job.worker.prefix(3)), Int64(10 + step), dbs: ["a"])
      case 3, 4:
        guard let job = running.popLast() else { break }
        let generation = Int64(job.worker.dropFirst(4)) ?? 0
        let isUnchanged = Bool.random(using: &random)
        bench.answer(
          String(job.worker.prefix(3)), generation, job.attempt,
          isUnchanged ? .unchanged : .rows(1),
          version: isUnchanged ? "5" : nil)
      default:
        bench.query(
          "\(client)-\(step)", db: Int.random(in: 0..<5, using: &random) == 0 ? "b" : "a",
          from: client, deadline: 500, size: Int.random(in: 1..<100, using: &random),
          ifVersion: "5", waits: true)
      }
      if step % 20 == 0 { bench.pass(milliseconds: 100) }
      running += bench.jobs()
      check(bench.broker)
    }
    bench.pass(milliseconds: 5000)
    check(bench.broker)
    #expect(bench.broker.clients.isEmpty)
  }

  private func check(_ broker: Broker) {
    for (connection, client) in broker.clients {
      let mine = broker.requests.filter { $0.value.connection == connection }
      let waiting = mine.map(\.value).filter { $0.worker == nil }
      #expect(Array(client.numbers) == mine.map(\.key).sorted())
      #expect(client.bytes == mine.reduce(0) { $0 + $1.value.size })
      #expect(client.waiting == waiting.count)
      #expect(client.waitingBytes == waiting.reduce(0) { $0 + $1.size })
    }
    #expect(broker.clients.values.reduce(0) { $0 + $1.numbers.count } == broker.requests.count)
  }
}
