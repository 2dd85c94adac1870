import TestSupport
import Wire
import ZeroMQ

@testable import Worker

/// Several queries on several databases, each with its coordinator, the workers that run them and their
/// parts, and a router that does what `WITHDRAW` promises; from one seed, with messages that are late,
/// workers that are lost, and results that are cut off while nobody reads them.
struct SetWorld {
  struct Database {
    /// Of its result, before the end.
    let chunks: Int
    let fails: Bool
    let microseconds: Int
  }

  private enum Doing: Equatable {
    case nothing
    case query(Int)
    case part(query: Int, item: Int, sent: Int, credit: Int)
    case gone
  }

  private enum Order: Equatable {
    case query(Int)
    case part(query: Int, item: Int)
  }

  private enum Event {
    case offer(query: Int, item: Int)
    case withdraw(query: Int, last: Int?)
    case credit(query: Int, item: Int, chunks: Int)
    case cancel(query: Int, item: Int)
    case chunk(query: Int, item: Int, number: Int)
    case answer(query: Int, item: Int, Outcome, chunks: Int)
    case step(worker: Int, serial: Int)
    case cut(worker: Int, serial: Int)
    case ran(query: Int, item: Int, isInTurn: Bool)
    case loss
    case returns(worker: Int)
  }

  struct Query {
    var coordinator: Coordinator
    let skipsFailed: Bool
    var hasBegun = false
    /// Whether its worker's own engine runs something.
    var isRunning = false
    var passed: [[UInt8]] = []
    var end: Outcome?
    var summary: SetSummary?
    /// Until when what was sent each way is on its way.
    var toRouter = 0
    var fromRouter = 0
  }

  private var random: SeededRandom
  private(set) var databases: [Database] = []
  private(set) var queries: [Query] = []
  private var workers: [Doing] = []
  private var serials: [Int] = []
  private var queue: [Order] = []
  /// What the router is asked back for, by query.
  private var wishes: [Int: Int?] = [:]
  private var events: [(time: Int, number: Int, event: Event)] = []
  private var (now, counted) = (0, 0)
  /// What is wrong with what happened.
  private(set) var problem: String?

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    let chunks = pick([0, 0, 0, 2, 40])
    let failures = pick([0, 0, 10, 50])
    let cost = pick([5, 200, 5000])
    for _ in 0..<pick([1, 2, 17, 60]) {
      databases.append(
        Database(
          chunks: chunks == 0 ? 0 : pick([0, 1, chunks]), fails: pick(100) < failures,
          microseconds: 1 + pick(2 * cost)))
    }
    workers = Array(repeating: .nothing, count: 1 + pick(4))
    serials = Array(repeating: 0, count: workers.count)
    for index in 0..<(1 + pick(5)) {
      let skips = pick([true, false])
      let all = databases.indices.map { (name: "\($0)", isHere: true) }
      queries.append(
        Query(
          coordinator: Coordinator(all, hasRouter: true, skipsFailed: skips, maxRows: nil),
          skipsFailed: skips))
      queue.append(.query(index))
    }
    for _ in 0..<pick([0, 0, 3, 20]) { plan(.loss, in: pick(20_000)) }
  }

  private mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
  private mutating func pick<Value>(_ values: [Value]) -> Value { values[pick(values.count)] }

  private mutating func plan(_ event: Event, in microseconds: Int) {
    counted += 1
    events.append((now + microseconds, counted, event))
  }

  /// What is sent from a query's worker to the router arrives in order, and so does what comes back.
  private mutating func send(_ event: Event, of query: Int, toRouter: Bool) {
    let latency = 1 + pick([20, 200, 2000])
    var due = now + latency
    if toRouter {
      due = max(due, queries[query].toRouter + 1)
      queries[query].toRouter = due
    } else {
      due = max(due, queries[query].fromRouter + 1)
      queries[query].fromRouter = due
    }
    plan(event, in: due - now)
  }

  /// Lets everything happen that does.
  mutating func run() {
    dispatch()
    while problem == nil,
      let next = events.indices.min(by: {
        (events[$0].time, events[$0].number) < (events[$1].time, events[$1].number)
      })
    {
      let event = events.remove(at: next)
      now = event.time
      happen(event.event)
      dispatch()
    }
  }

  private mutating func happen(_ event: Event) {
    switch event {
    case .offer(let query, let item):
      if queries[query].end == nil { queue.append(.part(query: query, item: item)) }
    case .withdraw(let query, let last): wishes[query] = .some(last)
    case .credit(let query, let item, let chunks): grant(query, item, chunks)
    case .cancel(let query, let item):
      queue.removeAll { $0 == .part(query: query, item: item) }
    case .chunk(let query, let item, let number):
      queries[query].coordinator.receive(
        chunk: .bytes([UInt8(item), UInt8(number)]), of: item)
      serve(query)
    case .answer(let query, let item, let outcome, let chunks):
      queries[query].coordinator.receive(
        outcome, .bytes([UInt8(item), UInt8(chunks)]), chunks: chunks, of: item)
      serve(query)
    case .step(let worker, let serial): step(worker, serial)
    case .cut(let worker, let serial):
      guard serials[worker] == serial,
        case .part(let query, let item, let sent, 0) = workers[worker]
      else { return }
      answer(query, item, .failure(Failure(.aborted, "cut")), sent)
      free(worker)
    case .ran(let query, let item, let isInTurn): ran(query, item, isInTurn)
    case .loss: lose()
    case .returns(let worker): workers[worker] = .nothing
    }
  }

  // MARK: The router

  private mutating func dispatch() {
    while let worker = workers.firstIndex(of: .nothing), !queue.isEmpty {
      switch queue.removeFirst() {
      case .query(let query):
        workers[worker] = .query(query)
        queries[query].hasBegun = true
        serve(query)
      case .part(let query, let item):
        workers[worker] = .part(query: query, item: item, sent: 0, credit: 1)
        proceed(worker, item)
      }
    }
    for (query, last) in wishes.sorted(by: { $0.key < $1.key }) {
      let found = queue.firstIndex {
        if case .part(query, let item) = $0 { item <= last ?? .max } else { false }
      }
      guard let found, case .part(_, let item) = queue[found] else { continue }
      queue.remove(at: found)
      wishes[query] = nil
      answer(query, item, .failure(Failure(.cancelled, "given back")), 0)
    }
  }

  private mutating func answer(_ query: Int, _ item: Int, _ outcome: Outcome, _ chunks: Int) {
    guard queries[query].end == nil else { return }
    send(.answer(query: query, item: item, outcome, chunks: chunks), of: query, toRouter: false)
  }

  private mutating func grant(_ query: Int, _ item: Int, _ chunks: Int) {
    for (worker, doing) in workers.enumerated() {
      guard case .part(query, item, let sent, let credit) = doing else { continue }
      workers[worker] = .part(query: query, item: item, sent: sent, credit: credit + chunks)
      if credit == 0 { proceed(worker, item) }
    }
  }

  // MARK: The other workers

  private mutating func free(_ worker: Int) {
    serials[worker] += 1
    workers[worker] = .nothing
  }

  private mutating func proceed(_ worker: Int, _ item: Int) {
    serials[worker] += 1
    plan(.step(worker: worker, serial: serials[worker]), in: databases[item].microseconds)
  }

  /// There is a chunk, or the end.
  private mutating func step(_ worker: Int, _ serial: Int) {
    guard serials[worker] == serial,
      case .part(let query, let item, let sent, let credit) = workers[worker]
    else { return }
    guard queries[query].end == nil else { return free(worker) }
    guard sent < databases[item].chunks else {
      answer(query, item, outcome(of: item), sent)
      return free(worker)
    }
    send(.chunk(query: query, item: item, number: sent), of: query, toRouter: false)
    workers[worker] = .part(query: query, item: item, sent: sent + 1, credit: credit - 1)
    guard credit == 1 else { return proceed(worker, item) }
    serials[worker] += 1
    plan(.cut(worker: worker, serial: serials[worker]), in: 1 + pick(100_000))
  }

  private func outcome(of item: Int) -> Outcome {
    databases[item].fails
      ? .failure(Failure(.sql, "it fails")) : .rows(databases[item].chunks + 1)
  }

  /// A worker that runs a part is lost, perhaps for ever.
  private mutating func lose() {
    let running = workers.indices.filter {
      if case .part = workers[$0] { true } else { false }
    }
    guard !running.isEmpty else { return }
    let worker = pick(running)
    guard case .part(let query, let item, let sent, _) = workers[worker] else { return }
    if sent == 0 {
      if queries[query].end == nil { queue.insert(.part(query: query, item: item), at: 0) }
    } else {
      answer(query, item, .failure(Failure(.aborted, "lost")), sent)
    }
    serials[worker] += 1
    workers[worker] = .gone
    let isLast = workers.count { $0 != .gone } == 0
    if isLast || pick(2) == 0 { plan(.returns(worker: worker), in: pick(10_000)) }
  }

  // MARK: A query's worker

  private mutating func serve(_ query: Int) {
    while !queries[query].isRunning, queries[query].end == nil {
      switch queries[query].coordinator.next() {
      case .offer(let item, _): send(.offer(query: query, item: item), of: query, toRouter: true)
      case .withdraw(let last): send(.withdraw(query: query, last: last), of: query, toRouter: true)
      case .credit(let item, let chunks):
        send(.credit(query: query, item: item, chunks: chunks), of: query, toRouter: true)
      case .cancel(let item): send(.cancel(query: query, item: item), of: query, toRouter: true)
      case .run(let item, let isInTurn):
        queries[query].isRunning = true
        plan(
          .ran(query: query, item: item, isInTurn: isInTurn),
          in: databases[item].microseconds * (isInTurn ? databases[item].chunks + 1 : 1))
      case .pass(let part, let isFirst):
        let bytes = part.withBytes { Array($0) }
        if isFirst != (bytes[1] == 0) { problem = "\(bytes) is first or not" }
        queries[query].passed.append(bytes)
      case .wait: return
      case .end(let outcome, let summary):
        queries[query].end = outcome
        queries[query].summary = summary
        queue.removeAll { if case .part(query, _) = $0 { true } else { false } }
        wishes[query] = nil
        if let worker = workers.firstIndex(of: .query(query)) { free(worker) }
      }
      if queries[query].coordinator.keptBytes < 0 { problem = "less than nothing is kept" }
    }
  }

  private mutating func ran(_ query: Int, _ item: Int, _ isInTurn: Bool) {
    queries[query].isRunning = false
    let database = databases[item]
    var kept: Part?
    if isInTurn {
      let last = database.fails ? database.chunks : database.chunks + 1
      for chunk in 0..<last { queries[query].passed.append([UInt8(item), UInt8(chunk)]) }
      if last > 0 { queries[query].coordinator.passed() }
    } else if database.chunks > 0 {
      queries[query].coordinator.overflowed(item)
      return serve(query)
    } else {
      kept = .bytes([UInt8(item), 0])
    }
    queries[query].coordinator.ran(
      item, outcome(of: item), kept: database.fails ? nil : kept,
      microseconds: Int64(database.microseconds))
    serve(query)
  }
}
