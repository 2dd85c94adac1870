import HeapModule
import TestSupport
import Testing
import Wire

@testable import Broker

/// A whole cluster around one broker, in one thread and from one seed: clients, workers that finish,
/// crash, hang and come back, a supervisor that is killed, messages that are late or lost.
struct SimulatedCluster {
  /// A worker's process.
  struct Worker {
    let member: Member
    var connection: String
    var isAlive = true
    var isStopping = false
    /// What it runs.
    var job: (attempt: Attempt, request: String)?
    /// What it was given and the broker has no answer to: on the way there, running, on the way back.
    var held: String?
  }

  /// What arrives later.
  enum Delivery {
    case request(String)
    case report(connection: String, result: (AttemptResult, String)?, isFirst: Bool)
    case command(connection: String, WorkerCommand, String)
    case event(String, Member, incarnation: Int64)
    case state([(String, Int64, Phase)], incarnation: Int64)
    case tick(incarnation: Int64)
    case finish(connection: String, Attempt)
    case death(connection: String)
    case start(slot: Int)
    case supervisorStart
  }

  static let databases = ["a", "b"]
  static let slots = 3
  /// How long the router's process may be held up, in milliseconds.
  static let longestSleep = 300

  private(set) var bench: Bench
  private var random: SeededRandom
  private var agenda: [(due: Instant, order: Int, delivery: Delivery)] = []
  private var order = 0
  private var workers: [String: Worker] = [:]
  private var current: [Int: String] = [:]
  private var incarnation: Int64 = 0
  private var nextNumber: Int64 = 1
  private var nextRequest = 0
  private var isSupervised = false
  private var lastPublication = Instant.start

  /// The requests that wait for an answer, and until when they must have it.
  private(set) var waiting: [String: Instant] = [:]
  private var answered: Set<String> = []
  /// How many workers died unannounced while they held a request.
  private var deaths: [String: Int] = [:]
  /// What has happened, for whoever looks for a seed's failure.
  var history: [String] {
    happenings.map { "\($0.microseconds / 1000) ms: \($1)" }
  }
  private var happenings: [(Instant, Delivery)] = []
  private(set) var outcomes: [String: Int] = [:]

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    bench = Bench(settled: false)
    plan(.supervisorStart, within: 0...10)
  }

  private mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &random) < percent
  }

  /// What a supervisor says arrives in the order in which it says it.
  private mutating func publish(_ delivery: Delivery) {
    order += 1
    lastPublication = max(
      lastPublication, bench.now.adding(milliseconds: Int.random(in: 0...5, using: &random)))
    agenda.append((lastPublication, order, delivery))
  }

  private mutating func plan(_ delivery: Delivery, within milliseconds: ClosedRange<Int>) {
    order += 1
    let due = bench.now.adding(milliseconds: Int.random(in: milliseconds, using: &random))
    agenda.append((due, order, delivery))
  }

  /// Does the next thing that is due, or lets something new happen.
  mutating func step() throws {
    if chance(40) { try begin() }
    let next = agenda.indices.min {
      (agenda[$0].due, agenda[$0].order) < (agenda[$1].due, agenda[$1].order)
    }
    let due = bench.broker.nextDeadline
    if let next, agenda[next].due <= due ?? agenda[next].due {
      let (time, _, delivery) = agenda.remove(at: next)
      if time > bench.now { bench.now = time }
      try deliver(delivery)
    } else if let due {
      if due > bench.now { bench.now = due }
      bench.pass(milliseconds: 0)
    }
    try carryOut()
    try check()
  }

  /// Lets everything come to its end, with no new requests and no more accidents.
  mutating func settle() throws {
    let end = bench.now.adding(milliseconds: 20_000)
    while bench.now < end, !waiting.isEmpty {
      let next = agenda.map(\.due).min() ?? end
      bench.now = max(bench.now, min(next, bench.broker.nextDeadline ?? next))
      for index in agenda.indices.reversed() where agenda[index].due <= bench.now {
        let delivery = agenda.remove(at: index).delivery
        try deliver(delivery)
        try carryOut()
      }
      bench.pass(milliseconds: 0)
      try carryOut()
      try check()
    }
    try #require(waiting.isEmpty, "never answered: \(waiting.keys.sorted())")
  }

  private mutating func begin() throws {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<70:
      nextRequest += 1
      plan(.request("\(nextRequest)"), within: 0...5)
    case 70..<85:
      if let connection = current.values.sorted().randomElement(using: &random) {
        plan(.death(connection: connection), within: 0...5)
      }
    case 85..<90: try stop()
    case 90..<93: try killSupervisor()
    case 93..<96:
      // An old event comes once more, late.
      let dead = workers.values.filter { !$0.isAlive }.sorted { $0.connection < $1.connection }
      guard let member = dead.randomElement(using: &random)?.member else { return }
      plan(.event("worker.exited", member, incarnation: incarnation), within: 0...50)
    default:
      bench.now = bench.now.adding(
        milliseconds: Int.random(in: 0...Self.longestSleep, using: &random))
    }
  }

  /// The supervisor ends one worker, after saying so.
  private mutating func stop() throws {
    guard isSupervised, let connection = current.values.sorted().randomElement(using: &random),
      let worker = workers[connection], worker.isAlive
    else { return }
    workers[connection]?.isStopping = true
    publish(.event("worker.stopping", worker.member, incarnation: incarnation))
    plan(.death(connection: connection), within: 0...400)
  }

  private mutating func killSupervisor() throws {
    guard isSupervised else { return }
    isSupervised = false
    for connection in current.values { charge(connection) }
    for connection in current.values { workers[connection]?.isAlive = false }
    current = [:]
    plan(.supervisorStart, within: 50...1500)
  }

  private mutating func deliver(_ delivery: Delivery) throws {
    happenings.append((bench.now, delivery))
    switch delivery {
    case .request(let id):
      let database = chance(5) ? "nowhere" : Self.databases.randomElement(using: &random) ?? "a"
      let deadline = Int.random(in: 50...3000, using: &random)
      waiting[id] = bench.now.adding(milliseconds: deadline + Constants.graceMilliseconds)
      bench.query(
        id, db: database, from: "client \(Int(id).map { $0 % 3 } ?? 0)", deadline: deadline)
    case .report(let connection, let result, let isFirst):
      guard let worker = workers[connection] else { return }
      if result != nil { workers[connection]?.held = nil }
      bench.ready(
        worker.member.name, worker.member.generation, dbs: isFirst ? Self.databases : nil,
        results: result.map { [$0] } ?? [], on: connection, stopping: worker.isStopping)
    case .command(let connection, let command, let request):
      try obey(connection, command, request)
    case .event(let word, let member, let incarnation):
      bench.event(word, member.name, member.generation, incarnation: incarnation)
    case .state(let members, let incarnation): bench.state(members, incarnation: incarnation)
    case .tick(let incarnation):
      guard isSupervised, incarnation == self.incarnation else { return }
      let members = current.sorted { $0.key < $1.key }.compactMap { slot, connection in
        workers[connection].map { worker in
          (worker.member.name, worker.member.generation, phase(of: worker))
        }
      }
      publish(.state(members, incarnation: incarnation))
      plan(.tick(incarnation: incarnation), within: 900...1100)
    case .finish(let connection, let attempt): finish(connection, attempt)
    case .death(let connection): die(connection)
    case .start(let slot): start(slot)
    case .supervisorStart:
      isSupervised = true
      incarnation = nextNumber
      nextNumber += 1
      for slot in 0..<Self.slots { start(slot) }
      plan(.tick(incarnation: incarnation), within: 0...50)
    }
  }

  private func phase(of worker: Worker) -> Phase {
    worker.isAlive ? (worker.isStopping ? .stopping : .ready) : .backoff
  }

  private mutating func start(_ slot: Int) {
    guard isSupervised, current[slot].map({ !(workers[$0]?.isAlive ?? false) }) ?? true else {
      return
    }
    let member = Member(name: "w-\(slot)", generation: nextNumber)
    nextNumber += 1
    let connection = "\(member)"
    current[slot] = connection
    workers[connection] = Worker(member: member, connection: connection)
    if !chance(20) {
      publish(.event("worker.started", member, incarnation: incarnation))
    }
    plan(.report(connection: connection, result: nil, isFirst: true), within: 1...30)
  }

  private mutating func die(_ connection: String) {
    guard let worker = workers[connection], worker.isAlive else { return }
    charge(connection)
    workers[connection]?.isAlive = false
    guard isSupervised, let slot = current.first(where: { $0.value == connection })?.key else {
      return
    }
    // The event may be lost; the state tells all the same.
    if !chance(20) {
      publish(.event("worker.exited", worker.member, incarnation: incarnation))
    }
    plan(.start(slot: slot), within: 0...200)
  }

  private mutating func charge(_ connection: String) {
    guard let worker = workers[connection], worker.isAlive, !worker.isStopping else { return }
    if let request = worker.held { deaths[request, default: 0] += 1 }
  }

  private mutating func obey(
    _ connection: String, _ command: WorkerCommand, _ request: String
  ) throws {
    guard let worker = workers[connection], worker.isAlive else { return }
    switch command {
    case .bye:
      workers[connection]?.isStopping = true
      plan(.death(connection: connection), within: 0...5)
    case .rescan, .check:
      plan(.report(connection: connection, result: nil, isFirst: true), within: 0...5)
    case .run(let job):
      try #require(worker.job == nil, "\(connection) has two requests")
      workers[connection]?.job = (job.attempt, request)
      if chance(10) {
        plan(.death(connection: connection), within: 0...100)
      } else {
        // Some take longer than their deadline.
        plan(.finish(connection: connection, job.attempt), within: 0...(chance(10) ? 4000 : 60))
      }
    }
  }

  private mutating func finish(_ connection: String, _ attempt: Attempt) {
    guard let worker = workers[connection], worker.isAlive, worker.job?.attempt == attempt else {
      return
    }
    workers[connection]?.job = nil
    let outcome: Outcome = chance(10) ? .failure(Failure(.sql, "wrong")) : .rows(1)
    let result = AttemptResult(attempt: attempt, outcome: outcome, runMicroseconds: 1)
    plan(.report(connection: connection, result: (result, "rows"), isFirst: false), within: 0...5)
  }

  /// Takes what the broker wants done.
  private mutating func carryOut() throws {
    for (request, line) in bench.answers() {
      let isFirst = answered.insert(request).inserted
      try #require(isFirst, "\(request) was answered twice")
      let limit = waiting.removeValue(forKey: request) ?? .start
      try #require(
        bench.now <= limit.adding(milliseconds: Self.longestSleep), "\(request) was answered late")
      let code = line["code"] ?? line.word
      outcomes[code, default: 0] += 1
      if code == "crashed" {
        try #require(deaths[request, default: 0] >= 3, "\(request) did not crash so often")
      }
    }
    for (connection, request, attempt) in bench.jobs() {
      try #require(waiting[request] != nil, "\(request) is run after its end")
      let job = Job(
        attempt: attempt, database: "a", format: .json, deadlineMilliseconds: 0)
      workers[connection]?.held = request
      // Nobody can tell whether a worker died before or after the request had left for it.
      if !(workers[connection]?.isAlive ?? false) { deaths[request, default: 0] += 1 }
      try send(.run(job), to: connection, request)
    }
    for (connection, command) in bench.told() { try send(command, to: connection, "") }
    _ = bench.events()
  }

  private mutating func send(
    _ command: WorkerCommand, to connection: String, _ request: String
  ) throws {
    if workers[connection]?.isAlive ?? false {
      plan(.command(connection: connection, command, request), within: 0...3)
    } else if chance(50) {
      // ZeroMQ has noticed by now; otherwise the message is lost.
      bench.unreachable(connection)
      try carryOut()
    }
  }

  /// What must hold after every step.
  private func check() throws {
    let broker = bench.broker
    var queued = 0
    var unresolved = 0
    for (number, request) in broker.requests {
      switch request.state {
      case .queued: queued += 1
      case .unresolved: unresolved += 1
      case .parked: break
      case .running(let peer):
        let attempt = Attempt(job: number, number: request.tries)
        try #require(broker.workers[peer]?.state == .running(attempt), "nobody runs \(number)")
      }
      try #require(request.deaths <= request.tries)
      try #require(
        request.deaths <= deaths[request.payload, default: 0],
        "\(request.payload) is charged with a death that was not its own")
    }
    try #require(broker.queue.count == queued && broker.unresolved.count == unresolved)
    try #require(Set(broker.requests.values.map(\.payload)) == Set(waiting.keys))
    try #require(broker.inFlight.count == broker.requests.count)
    var servers: [String: Int] = [:]
    for (peer, worker) in broker.workers {
      try #require(broker.connections[worker.member.name] == peer)
      try #require(broker.idle.contains(peer) == (worker.state == .idle))
      for name in worker.names { servers[name, default: 0] += 1 }
    }
    try #require(broker.servers == servers)
    try #require(broker.deadlines.count <= 2 * broker.requests.count + 1025)
  }
}
