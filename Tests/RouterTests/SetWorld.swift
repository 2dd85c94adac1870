import Broker
import HeapModule
import TestSupport
import Wire
import ZeroMQ

@testable import Router

/// One to three routers, each the others' peer, with the queries on several databases that they split, and
/// workers that have some of those; from one seed, with messages that are late, workers that are lost,
/// databases that fail, results of several chunks, and readers that stall.
struct SetWorld {
  struct Database {
    let name: String
    /// Of its result, before the last part.
    let chunks: Int
    let fails: Bool
    let microseconds: Int
  }

  struct Query {
    let site: Int
    let skipsFailed: Bool
    let isStream: Bool
    /// Whether its reader takes what it gets at once.
    let reads: Bool
    let deadline: Instant
    var rows: [UInt8] = []
    var chunks = 0
    var end: Outcome?
    var summary: SetSummary?
    var endTime = Instant.start
  }

  private struct Site {
    var broker: Broker
    var sets = Sets()
    /// The connections on which the others ask, by site.
    var links: [Int: PeerID] = [:]

    mutating func receive(_ message: ClientMessage, _ request: ClientRequest, _ now: Instant) {
      if sets.receive(message, request, &broker, now: now) { return }
      broker.receive(
        message, request, size: 10, from: request.sender.client,
        over: request.sender.connection, now: now)
    }

    mutating func tick(_ now: Instant) {
      broker.tick(now: now)
      sets.tick(&broker, now: now)
    }

    mutating func settle(_ now: Instant) {
      sets.stepLooked(&broker, now: now)
      sets.settle(&broker, now: now)
      broker.settle(now: now)
    }

    /// Whether there is more to be done.
    mutating func review(_ now: Instant) -> Bool {
      sets.hasNews || sets.review(&broker, now: now)
    }
  }

  private struct Worker {
    let site: Int
    let serves: [String]
    var peer: PeerID
    var member: Member
    var orders: [Order] = []
    var results: [(result: AttemptResult, body: Body)] = []
    var sent = 0
    var isWaiting = false
    /// Another one with each order, so that what was planned before is passed over.
    var serial = 0
  }

  enum Event {
    case ask(Int)
    case grant(Int)
    case joins(Int)
    case step(worker: Int, serial: Int)
    case word(worker: Int, serial: Int, WorkerCommand)
    case lost(Int)
    case tick
    case message(from: Int, to: Int, ClientMessage, ClientRequest?)
    case reply(from: Int, to: Int, Line, Body?, [UInt8])
  }

  /// In order of time.
  struct Entry: Comparable {
    let time: Int64
    let number: Int
    let event: Event

    static func < (a: Entry, b: Entry) -> Bool { (a.time, a.number) < (b.time, b.number) }
    static func == (a: Entry, b: Entry) -> Bool { a.number == b.number }
  }

  private(set) var databases: [Database] = []
  private(set) var queries: [Query] = []
  private(set) var hasAccidents = false
  private(set) var problem: String?
  private var requests: [ClientRequest] = []
  private var sites: [Site] = []
  private var workers: [Worker] = []
  private var random: SeededRandom
  private var agenda = Heap<Entry>()
  private(set) var now = Instant(microseconds: 10_000_000)
  private var counted = 0
  private let rowSize: Int

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    rowSize = Self.pick(&random, [10, 10, 10, 60_000])
    let (chunks, cost) = (pick([0, 0, 2, 6]), pick([5, 200, 5000]))
    let failures = pick([0, 0, 10, 50])
    for index in 0..<pick([1, 2, 17, 40]) {
      databases.append(
        Database(
          name: "db-\(index + 100)", chunks: chunks == 0 ? 0 : pick([0, 1, chunks]),
          fails: pick(100) < failures, microseconds: 1 + pick(2 * cost)))
    }
    let count = pick([1, 1, 2, 3])
    for site in 0..<count { sites.append(makeSite(site, of: count)) }
    for index in 0..<(count + pick(4)) {
      // Each database is somewhere.
      let site = index % count
      let all = databases.map(\.name)
      let mine = databases.indices.filter { $0 % count == site }.map { all[$0] }
      workers.append(
        Worker(
          site: site, serves: pick([all, mine]), peer: .short(0),
          member: Member(name: "w-\(index)", generation: 1)))
      plan(.joins(index), in: pick(2000))
    }
    for index in 0..<pick([1, 3, 12]) { makeQuery(index) }
    // The first of each site stay: nobody says of the others that they come back with what they had.
    for _ in 0..<pick([0, 0, 3, 10]) where workers.count > count {
      hasAccidents = true
      plan(.lost(count + pick(workers.count - count)), in: 2_600_000 + pick(100_000))
    }
    plan(.tick, in: 1000)
  }

  private func makeSite(_ site: Int, of count: Int) -> Site {
    var configuration = Configuration()
    configuration.broker = "broker-\(site)"
    configuration.peers = (0..<count).filter { $0 != site }.map { "peer-\($0)" }
    var made = Site(broker: Broker(configuration, now: now))
    for other in 0..<count where other != site {
      made.links[other] = .short(UInt64(1000 + other) << 8 | 5)
    }
    return made
  }

  private mutating func makeQuery(_ index: Int) {
    let (isStream, reads) = (pick([true, false]), pick(10) > 0)
    if !reads { hasAccidents = true }
    let query = Query(
      site: pick(sites.count), skipsFailed: pick([true, false]), isStream: isStream, reads: reads,
      deadline: now.adding(milliseconds: 60_000))
    queries.append(query)
    let connection = PeerID.short(UInt64(index) << 8 | 5)
    requests.append(
      ClientRequest(
        Sender(connection), size: 10,
        sql: Array("select 1".utf8).withUnsafeBytes { Frame(copying: $0) }, shape: 0,
        parameters: nil))
    plan(.ask(index), in: 2_500_000 + pick([0, 100, 50_000]))
  }

  private static func pick<Value>(_ random: inout SeededRandom, _ values: [Value]) -> Value {
    values[Int(random.next() % UInt64(values.count))]
  }
  private mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
  private mutating func pick<Value>(_ values: [Value]) -> Value { Self.pick(&random, values) }

  private mutating func plan(_ event: Event, in microseconds: Int) {
    counted += 1
    let time = now.microseconds + Int64(microseconds)
    agenda.insert(Entry(time: time, number: counted, event: event))
  }

  /// Lets everything happen until all queries are answered, or much time has gone.
  mutating func run() {
    let end = now.adding(milliseconds: 120_000)
    while now < end, problem == nil, queries.contains(where: { $0.end == nil }) {
      guard let next = agenda.popMin() else { return }
      now = Instant(microseconds: max(now.microseconds, next.time))
      happen(next.event)
    }
  }

  private mutating func happen(_ event: Event) {
    switch event {
    case .ask(let index):
      let query = queries[index]
      let message = ClientMessage.query(
        Wire.Query(
          id: "q", database: "db-*", format: .tsv,
          deadlineMilliseconds: query.deadline.millisecondsUp(since: now),
          credit: query.isStream ? 1 : nil, extras: QueryExtras(skipsFailed: query.skipsFailed)))
      ask(query.site, message, requests[index])
    case .grant(let index):
      guard queries[index].end == nil else { return }
      ask(queries[index].site, .credit(id: "q", chunks: 1), requests[index])
    case .joins(let index): join(index)
    case .step(let index, let serial):
      if workers[index].serial == serial { step(index) }
    case .word(let index, let serial, let command):
      if workers[index].serial == serial { hear(index, command) }
    case .lost(let index):
      guard workers[index].peer != .short(0) else { return }
      let peer = workers[index].peer
      workers[index].serial += 1
      workers[index].orders = []
      sites[workers[index].site].broker.disconnected(worker: peer, now: now)
      settle(workers[index].site)
      plan(.joins(index), in: 1000 + pick(5000))
    case .tick:
      for site in sites.indices {
        sites[site].tick(now)
        settle(site)
      }
      plan(.tick, in: 20_000)
    case .message(let from, let to, let message, let request):
      guard let link = sites[to].links[from] else { return }
      let whole = request ?? requests[0]
      let copy = ClientRequest(
        Sender(link), size: 10,
        sql: whole.sql ?? Frame(copying: UnsafeRawBufferPointer(start: nil, count: 0)),
        shape: 0, parameters: nil)
      ask(to, message, copy)
    case .reply(let from, let to, let line, let body, let list):
      let number = sites[to].links.keys.sorted().firstIndex(of: from) ?? 0
      if let answer = PeerAnswer(line) {
        sites[to].broker.receive(answer, body ?? rows(""), from: number, now: now)
      } else if let capacity = PeerCapacity(line),
        let databases = list.withUnsafeBytes({ try? ServedDatabase.decode($0) })
      {
        sites[to].broker.receive(capacity, databases: databases, from: number, now: now)
      }
      settle(to)
    }
  }

  private mutating func ask(_ site: Int, _ message: ClientMessage, _ request: ClientRequest) {
    sites[site].receive(message, request, now)
    settle(site)
  }

  // MARK: Routers

  private mutating func settle(_ site: Int) {
    var rounds = 0
    repeat {
      rounds += 1
      guard rounds < 10_000 else {
        problem = "a router does not come to rest"
        return
      }
      sites[site].settle(now)
      while !sites[site].broker.effects.isEmpty {
        let effects = sites[site].broker.effects
        sites[site].broker.effects = []
        for effect in effects { carryOut(effect, at: site) }
      }
      let answers = sites[site].sets.effects
      sites[site].sets.effects = []
      for case let answer in answers {
        switch answer {
        case .chunk(_, let request, let line, let rows): pass(line, rows, to: request)
        case .answer(let request, let line, let rows): pass(line, rows, to: request)
        }
      }
    } while sites[site].review(now)
  }

  private mutating func carryOut(_ effect: Effect, at site: Int) {
    switch effect {
    case .chunk(_, let request, let line, let chunk):
      if sites[site].sets.take(chunk, of: request) { return }
      answer(.of(request), line, chunk, [], at: site)
    case .answer(let request, let line, let rows):
      if sites[site].sets.take(line, rows, of: request) { return }
      switch rows {
      case .rendered(let body): answer(.of(request), line, body, [], at: site)
      case .bytes(let bytes): answer(.of(request), line, nil, bytes, at: site)
      case .values, nil: answer(.of(request), line, nil, [], at: site)
      }
    case .run(let peer, let orders):
      guard let index = workers.firstIndex(where: { $0.peer == peer }) else { return }
      workers[index].orders = orders
      workers[index].sent = 0
      workers[index].serial += 1
      plan(.step(worker: index, serial: workers[index].serial), in: 10 + pick(300))
    case .tell(let peer, let command):
      guard let index = workers.firstIndex(where: { $0.peer == peer }) else { return }
      let word = Event.word(worker: index, serial: workers[index].serial, command)
      plan(word, in: 10 + pick(300))
    case .hand(let peer, let handovers):
      for handover in handovers {
        let event = Event.message(
          from: site, to: other(site, peer), .query(handover.query), .of(handover.request))
        plan(event, in: 400)
      }
    case .tellPeer(let peer, let message):
      plan(.message(from: site, to: other(site, peer), message, nil), in: 400)
    case .reconnect, .publish: break
    }
  }

  private func other(_ site: Int, _ peer: Int) -> Int { sites[site].links.keys.sorted()[peer] }

  /// An answer goes to whoever has asked: a client, or another router.
  private mutating func answer(
    _ request: ClientRequest, _ line: Line, _ body: Body?, _ list: [UInt8], at site: Int
  ) {
    let link = sites[site].links.first { $0.value == request.sender.connection }
    guard let link else { return pass(line, .delimiter, to: request) }
    plan(.reply(from: site, to: link.key, line, body, list), in: 400)
  }

  private mutating func pass(_ line: Line, _ rows: Part, to request: ClientRequest) {
    guard let index = requests.firstIndex(where: { $0 === request }) else {
      // It has granted more.
      return
    }
    guard queries[index].end == nil else {
      problem = "query \(index) is answered after its end: \(line)"
      return
    }
    rows.withBytes { queries[index].rows += $0 }
    guard line.word != "MORE" else {
      queries[index].chunks += 1
      if queries[index].reads { plan(.grant(index), in: pick([10, 300, 20_000])) }
      return
    }
    queries[index].end = Outcome(line)
    queries[index].endTime = now
    queries[index].summary = line.withBytes {
      (try? LineView(parsing: $0)).flatMap { SetSummary($0) }
    }
  }

  // MARK: Workers

  private func rows(_ text: String) -> Body {
    RowsOwner().body(Array(text.utf8).withUnsafeBytes { Frame(copying: $0) })
  }

  /// The row of a database's chunk.
  func row(_ database: Database, _ chunk: Int) -> String {
    let row = "\(database.name) \(chunk) "
    return row + String(repeating: "x", count: max(0, rowSize - row.utf8.count - 1)) + "\n"
  }

  private mutating func join(_ index: Int) {
    counted += 1
    workers[index].peer = .short(UInt64(100_000 + counted) << 8 | 5)
    let member = workers[index].member
    workers[index].member = Member(name: member.name, generation: member.generation + 1)
    workers[index].serial += 1
    workers[index].orders = []
    workers[index].results = []
    workers[index].isWaiting = false
    ready(index, databases: workers[index].serves.map { ServedDatabase(name: $0) })
  }

  private mutating func ready(_ index: Int, databases: [ServedDatabase]? = nil) {
    let worker = workers[index]
    workers[index].results = []
    workers[index].orders = []
    workers[index].isWaiting = false
    let report = WorkerReport(
      member: worker.member, supervisor: nil, pid: 1, hasDatabases: databases != nil)
    sites[worker.site].broker.receive(
      report, databases: databases, results: worker.results, from: worker.peer, now: now)
    settle(worker.site)
  }

  private mutating func step(_ index: Int) {
    let worker = workers[index]
    guard let order = worker.orders.first,
      let database = databases.first(where: { $0.name == order.job.database })
    else { return ready(index) }
    if worker.sent < database.chunks {
      workers[index].sent += 1
      workers[index].isWaiting = true
      workers[index].results = []
      sites[worker.site].broker.receive(
        ChunkReport(member: worker.member, attempt: order.job.attempt),
        rows(row(database, worker.sent)), results: worker.results, from: worker.peer, now: now)
      return settle(worker.site)
    }
    finish(
      index,
      database.fails ? .failure(Failure(.sql, "no such table")) : .rows(database.chunks + 1),
      database.fails ? "" : row(database, worker.sent))
  }

  /// A run is over; what follows one in chunks is given back.
  private mutating func finish(_ index: Int, _ outcome: Outcome, _ text: String) {
    let order = workers[index].orders.removeFirst()
    let hadChunks = workers[index].sent > 0
    workers[index].results.append(
      (AttemptResult(attempt: order.job.attempt, outcome: outcome, runMicroseconds: 10), rows(text))
    )
    workers[index].sent = 0
    guard !hadChunks, let next = workers[index].orders.first else { return ready(index) }
    let cost = databases.first { $0.name == next.job.database }?.microseconds ?? 1
    plan(.step(worker: index, serial: workers[index].serial), in: cost)
  }

  private mutating func hear(_ index: Int, _ command: WorkerCommand) {
    switch command {
    case .go where workers[index].isWaiting:
      workers[index].isWaiting = false
      plan(.step(worker: index, serial: workers[index].serial), in: 10 + pick(300))
    case .stop where workers[index].isWaiting:
      finish(index, .failure(Failure(.cancelled, "nobody wants it")), "")
    case .rescan:
      ready(index, databases: workers[index].serves.map { ServedDatabase(name: $0) })
    case .bye: plan(.joins(index), in: 1000)
    case .check, .run, .go, .stop: break
    }
  }
}
