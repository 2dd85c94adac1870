import TestSupport
import Testing
import Wire

@testable import Broker

/// A broker, clients that send series, and workers to which anything may happen.
final class SeriesWorld {
  private struct Worker {
    let name: String
    var generation: Int64
    var jobs: [(request: String, attempt: Attempt, each: Int?)] = []

    var connection: String { "\(name)/\(generation)" }
  }

  private var random: SeededRandom
  private let seed: UInt64
  private var bench: Bench
  private var workers: [Worker] = []
  private var generation: Int64 = 10
  private var nextID = 1
  /// The ids that have no answer, by the connections of their clients.
  private var open: [String: Set<Int>] = ["a": [], "b": []]
  /// What the peer has, if there is one.
  private var handed: [(request: String, attempt: Attempt)] = []
  private let hasPeer: Bool
  /// The parameters with which a worker dies.
  private let poison: Set<Int>

  init(seed: UInt64) {
    self.seed = seed
    var random = SeededRandom(seed: seed)
    var configuration = Configuration()
    if seed % 3 == 0 { configuration.reservedWorkers = 1 }
    if seed % 2 == 0 { configuration.maxQueuedRequests = 40 }
    hasPeer = seed % 4 == 1
    if hasPeer {
      configuration.broker = "here"
      configuration.peers = ["tcp://there-0"]
    }
    bench = Bench(configuration)
    poison = seed % 5 < 2 ? [Int.random(in: 1...20, using: &random), 30, 31] : []
    self.random = random
    for number in 1...3 { workers.append(Worker(name: "w-\(number)", generation: 10)) }
    for worker in workers { bench.ready(worker.name, dbs: ["a"]) }
    if hasPeer { bench.capacity(dbs: ["a"]) }
  }

  private func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

  func run() throws {
    for _ in 0..<120 {
      switch below(20) {
      case 0..<5: send()
      case 5..<7:
        // So that there is much before anything is decided.
        bench.beginGathering()
        for _ in 0..<below(16) {
          if below(4) == 0 { work(isThorough: false) } else { send() }
        }
        bench.endGathering()
      case 7..<14: work(isThorough: false)
      case 14: bench.pass(milliseconds: below(40))
      case 15: cancel()
      case 16: holdUp()
      case 17...18 where hasPeer && below(2) == 0: peerActs(isThorough: false)
      case 17 where below(3) == 0: die(below(workers.count))
      case 18 where below(8) == 0: leave()
      default: break
      }
      try look()
    }
    for _ in 0..<5000 where !bench.broker.isEmpty {
      work(isThorough: true)
      if hasPeer { peerActs(isThorough: true) }
      bench.pass(milliseconds: 5)
      try look()
    }
    #expect(bench.broker.isEmpty, "seed \(seed)")
    #expect(open.values.allSatisfy { $0.isEmpty }, "seed \(seed)")
    #expect(bench.broker.queue.count == 0 && bench.broker.queue.bytes == 0, "seed \(seed)")
    #expect(bench.broker.inFlight.isEmpty && bench.broker.clients.isEmpty, "seed \(seed)")
  }

  private func send() {
    let client = below(2) == 0 ? "a" : "b"
    // A peer is handed what is quick when there is more than the workers here get through in one go.
    let each = 1 + below(hasPeer ? 48 : 8)
    let text = below(5) == 0 ? "slow" : "quick"
    let deadline = below(6) == 0 ? 20 : nil
    open[client]?.formUnion(nextID..<nextID + each)
    if each == 1 {
      let query = Query(
        id: String(nextID), database: "a", format: .json, deadlineMilliseconds: deadline)
      bench.receive(.query(query), "\(text)?\(nextID)", from: client, size: 10)
    } else {
      bench.series(nextID, each, text, from: client, deadline: deadline, size: 10 * each)
    }
    nextID += each
  }

  /// Some worker does something.
  private func work(isThorough: Bool) {
    let number = below(workers.count)
    guard !workers[number].jobs.isEmpty else { return }
    let jobs = workers[number].jobs
    var results: [(AttemptResult, String)] = []
    for (request, attempt, each) in jobs {
      if !results.isEmpty && below(4) == 0 { break }
      let sets = request.split(separator: "?")[1].split(separator: ",").compactMap { Int($0) }
      let isSlow = request.hasPrefix("slow")
      if sets.contains(where: poison.contains) { return die(number) }
      guard let each else {
        let outcome: Outcome =
          below(10) == 0 ? .failure(Failure(.sql, "wrong")) : .rows(1)
        results.append(
          (
            AttemptResult(
              attempt: attempt, outcome: outcome, runMicroseconds: isSlow ? 30_000 : 5),
            "rows"
          ))
        continue
      }
      #expect(sets.count == each, "seed \(seed)")
      let count = isThorough || below(3) > 0 ? each : below(each + 1)
      results.append(
        (
          AttemptResult(
            attempt: attempt, outcome: .rows(count),
            runMicroseconds: Int64(count * below(400)), each: count), "rows"
        ))
    }
    workers[number].jobs = []
    bench.ready(workers[number].name, workers[number].generation, results: results)
  }

  /// The peer answers some of what it was handed, or is lost and comes again.
  private func peerActs(isThorough: Bool) {
    if !isThorough && below(5) == 0 {
      bench.disconnect(peer: 0)
      handed = []
    }
    for (request, attempt) in handed where isThorough || below(3) > 0 {
      let set = request.split(separator: "?")[1]
      if poison.contains(Int(set) ?? 0) {
        bench.peerFails(attempt, .crashed)
      } else if !isThorough && below(10) == 0 {
        bench.peerFails(attempt, .busy)
      } else {
        bench.peerAnswers(attempt)
      }
      handed.removeAll { $0.attempt == attempt }
    }
    bench.capacity(dbs: ["a"])
  }

  private func holdUp() {
    let number = below(workers.count)
    guard let job = workers[number].jobs.first else { return }
    let member = Member(name: workers[number].name, generation: workers[number].generation)
    bench.broker.receive(OverrunNote(member: member, attempt: job.attempt), now: bench.now)
    bench.collect()
  }

  private func die(_ number: Int) {
    bench.disconnect(worker: workers[number].connection)
    generation += 1
    workers[number] = Worker(name: workers[number].name, generation: generation)
    bench.ready(workers[number].name, generation, dbs: ["a"])
  }

  private func cancel() {
    bench.cancel(String(1 + below(nextID)), from: below(2) == 0 ? "a" : "b")
  }

  private func leave() {
    bench.disconnect(client: "a")
    open["a"] = []
  }

  /// Takes in what the broker has done, and sees to it that all is well.
  private func look() throws {
    let given = bench.take { effect -> (PeerID, [Order])? in
      guard case .run(let peer, let orders) = effect else { return nil }
      return (peer, orders)
    }
    for (peer, orders) in given {
      let connection = String(decoding: peer.bytes, as: UTF8.self)
      let number = try #require(workers.firstIndex { $0.connection == connection })
      #expect(workers[number].jobs.isEmpty, "seed \(seed)")
      workers[number].jobs = orders.map {
        (TestRequest.id($0.request), $0.job.attempt, $0.job.each)
      }
    }
    _ = bench.questions()
    _ = bench.toldPeers()
    _ = bench.reconnects()
    for (_, request, query, attempt) in bench.handed() {
      #expect(query.each == nil && !request.contains(","), "seed \(seed)")
      handed.append((request, attempt))
    }
    for (request, line) in bench.answers() {
      let first = try #require(line["id"].flatMap { Int($0) })
      let each = line["each"].flatMap { Int($0) } ?? 1
      #expect(each > 0, "seed \(seed)")
      let ids = Set(first..<first + each)
      let client = try #require(
        open.first { ids.isSubset(of: $0.value) }?.key,
        "seed \(seed): \(request) was answered twice, or nobody waits for it: \(line)")
      open[client]?.subtract(ids)
      if line.word == "OK" { #expect(ids.isDisjoint(with: poison), "seed \(seed)") }
    }
    _ = bench.eventLines()
    _ = bench.told()
    let broker = bench.broker
    var waiting = 0
    for request in broker.requests.values {
      if case .queued = request.state { waiting += request.count }
    }
    #expect(broker.queue.count == waiting, "seed \(seed)")
    for (peer, client) in broker.clients {
      let own = broker.requests.values.filter { $0.connection == peer }
      #expect(client.count == own.reduce(0) { $0 + $1.count }, "seed \(seed)")
      #expect(
        client.waiting == own.filter(\.isWaiting).reduce(0) { $0 + $1.count }, "seed \(seed)")
    }
  }
}
