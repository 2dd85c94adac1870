import Testing
import Wire

@testable import Broker

/// On the bench a request is its id; what stands behind a `?` are its parameters.
final class TestRequest: Statement {
  let id: String
  let isPart: Bool

  init(_ id: String, isPart: Bool = false) {
    self.id = id
    self.isPart = isPart
  }

  static func id(_ statement: any Statement) -> String { (statement as? TestRequest)?.id ?? "" }

  /// Of a series, whose parameters are separated by commas.
  package func members(from first: Int, by size: Int) -> [any Statement] {
    let sets = (parts.dropFirst().first ?? "").split(separator: ",").dropFirst(first)
    return stride(from: first, to: first + sets.count, by: size).map { begin in
      let own = sets[begin..<min(begin + size, first + sets.count)]
      return TestRequest("\(excerpt)?\(own.joined(separator: ","))")
    }
  }

  private var parts: [Substring] { id.split(separator: "?", maxSplits: 1) }
  /// A literal may follow, behind `=`.
  package var shapeHash: UInt64 { hash(parts.first?.prefix { $0 != "=" }) }
  package var textHash: UInt64 { hash(parts.first) }
  package var parametersHash: UInt64 { hash(parts.dropFirst().first) }
  package var excerpt: String { String(parts.first ?? "") }

  private func hash(_ part: Substring?) -> UInt64 {
    UInt64(bitPattern: Int64(part.hashValue))
  }
}

/// A broker on a test bench: requests and bodies are rows of theirs, time is what the test says.
struct Bench {
  var broker: Broker
  var now = Instant(microseconds: 1_000_000)
  /// Whether the broker is told more before it decides.
  private var isGathering = false
  /// What the broker wanted done since the last look.
  private(set) var effects: [Effect] = []
  private var sequences: [String: Int64] = [:]

  /// - Parameter settled: whether the time is over in which a new router waits for workers.
  init(_ configuration: Configuration = Configuration(), settled: Bool = true) {
    broker = Broker(configuration, now: now)
    if settled { pass(milliseconds: 2001) }
  }

  /// The router dies, and another one takes its place at once.
  mutating func restart() {
    now = now.adding(milliseconds: 1)
    broker = Broker(broker.configuration, now: now)
    effects = []
  }

  static func peer(_ name: String) -> PeerID {
    Array(name.utf8).withUnsafeBytes { PeerID($0) }
  }

  /// Tells several things at once.
  mutating func gather(_ inputs: (inout Bench) -> Void) {
    beginGathering()
    inputs(&self)
    endGathering()
  }

  mutating func beginGathering() { isGathering = true }

  mutating func endGathering() {
    isGathering = false
    collect()
  }

  mutating func pass(milliseconds: Int) {
    now = now.adding(milliseconds: milliseconds)
    broker.tick(now: now)
    collect()
  }

  mutating func collect() {
    if !isGathering { broker.settle(now: now) }
    effects += broker.effects
    broker.effects = []
  }

  /// A query whose payload is its id.
  mutating func query(
    _ id: String, db: String = "a", from client: String = "client", deadline: Int? = nil,
    size: Int = 10, ifVersion: String? = nil, waits: Bool = false, envelope: String = "",
    credit: Int? = nil, way: [String] = [], whose: String? = nil, isPart: Bool = false
  ) {
    let query = Query(
      id: id, database: db, format: .json, deadlineMilliseconds: deadline, ifVersion: ifVersion,
      waitsForChange: waits, credit: credit, way: way, client: whose)
    receive(
      .query(query), id, from: client, envelope: envelope, size: size, isPart: isPart)
  }

  /// A series of a text with so many parameter sets, which are their ids.
  mutating func series(
    _ first: Int, _ each: Int, _ text: String = "quick", db: String = "a",
    from client: String = "client", deadline: Int? = nil, size: Int = 10
  ) {
    let query = Query(
      id: String(first), database: db, format: .json, deadlineMilliseconds: deadline, each: each)
    let sets = (first..<first + each).map(String.init).joined(separator: ",")
    receive(.query(query), "\(text)?\(sets)", from: client, size: size)
  }

  /// Somebody asks which databases there are, to split a query.
  mutating func look(_ id: String, deadline: Int = 1000) {
    broker.look(
      id, TestRequest(id), from: Self.peer("client"), over: Self.peer("client"),
      deadline: now.adding(milliseconds: deadline), now: now)
    collect()
  }

  mutating func show(
    _ id: String, _ subject: Show.Subject = .databases, from client: String = "client"
  ) {
    receive(.show(Show(id: id, subject: subject, format: .json)), id, from: client)
  }

  mutating func cancel(_ id: String, from client: String = "client") {
    receive(.cancel(id: id), id, from: client)
  }

  mutating func credit(_ id: String, _ chunks: Int) {
    receive(.credit(id: id, chunks: chunks), id, from: "client")
  }

  mutating func next(_ id: String) {
    receive(.next(id: id), id, from: "client")
  }

  mutating func receive(
    _ message: ClientMessage, _ id: String, from client: String, envelope: String = "",
    size: Int = 0, isPart: Bool = false
  ) {
    broker.receive(
      message, TestRequest(id, isPart: isPart), size: size, from: Self.peer(client + envelope),
      over: Self.peer(client),
      now: now)
    collect()
  }

  mutating func disconnect(client: String) {
    broker.disconnected(client: Self.peer(client), now: now)
    collect()
  }

  mutating func disconnect(worker: String) {
    broker.disconnected(worker: Self.peer(worker), now: now)
    collect()
  }

  /// A worker has seen a write to a database's file.
  mutating func noteChange(of database: String) {
    let note = ChangeNote(member: Member(name: "w-1", generation: 10), database: database)
    broker.receive(note, now: now)
    collect()
  }

  /// A worker says READY; its connection is named after it and its generation.
  mutating func ready(
    _ name: String, _ generation: Int64 = 10, dbs: [String]? = nil, supervisor: String? = "workers",
    results: [(AttemptResult, String)] = [], versions: [VersionReport] = [],
    on connection: String? = nil, stopping: Bool = false, process: String? = nil,
    replaced: String? = nil, errors: [String: String] = [:]
  ) {
    let report = WorkerReport(
      member: Member(name: name, generation: generation), supervisor: supervisor,
      process: process, replaced: replaced, pid: 1,
      hasDatabases: dbs != nil, isStopping: stopping)
    broker.receive(
      report, databases: dbs?.map { ServedDatabase(name: $0, error: errors[$0]) },
      results: results.map { (result: $0.0, body: Body(owner: TestRequest($0.1), index: 0)) },
      versions: versions,
      from: Self.peer(connection ?? "\(name)/\(generation)"), now: now)
    collect()
  }

  /// A worker sends a chunk.
  mutating func chunk(
    _ name: String, _ attempt: Attempt, results: [(AttemptResult, String)] = [],
    keepsWritersOut: Bool = false
  ) {
    broker.receive(
      ChunkReport(
        member: Member(name: name, generation: 10), attempt: attempt,
        keepsWritersOut: keepsWritersOut),
      Body(owner: TestRequest("chunk"), index: 0),
      results: results.map { (result: $0.0, body: Body(owner: TestRequest($0.1), index: 0)) },
      from: Self.peer("\(name)/10"), now: now)
    collect()
  }

  /// There was no room for so many chunks of a result.
  mutating func unread(_ number: UInt64, chunks: Int) {
    broker.unread(number, chunks: chunks, now: now)
    collect()
  }

  /// A worker says that others must not wait for what it runs.
  mutating func overrun(_ name: String, _ attempt: Attempt) {
    let member = Member(name: name, generation: 10)
    broker.receive(OverrunNote(member: member, attempt: attempt), now: now)
    collect()
  }

  /// A worker answers an attempt.
  mutating func answer(
    _ name: String, _ generation: Int64 = 10, _ attempt: Attempt, _ outcome: Outcome = .rows(1),
    body: String = "rows", dbs: [String]? = nil, stopping: Bool = false, version: String? = nil,
    run: Int64 = 5
  ) {
    let result = AttemptResult(
      attempt: attempt, outcome: outcome, version: version, runMicroseconds: run)
    ready(name, generation, dbs: dbs, results: [(result, body)], stopping: stopping)
  }

  /// A supervisor publishes an event about one of its processes.
  mutating func event(
    _ word: String, _ name: String, _ generation: Int64, from supervisor: String = "workers",
    incarnation: Int64 = 1, status: Int? = nil
  ) {
    let line = Line(word).with(Member(name: name, generation: generation))
      .with("status", status)
    publish(line, from: supervisor, incarnation: incarnation)
  }

  mutating func state(
    _ members: [(String, Int64, Phase)], from supervisor: String = "workers", incarnation: Int64 = 1
  ) {
    let lines = members.map { name, generation, phase in
      Line("member").with(Member(name: name, generation: generation))
        .with("phase", phase.rawValue)
    }
    let line = Line(Publication.stateWord).with("role", "supervisor")
    publish(line, from: supervisor, incarnation: incarnation, members: lines)
  }

  private mutating func publish(
    _ line: Line, from supervisor: String, incarnation: Int64, members: [Line] = []
  ) {
    sequences[supervisor, default: 0] += 1
    let publication = Publication(
      publisher: PublisherIdentity(name: supervisor, incarnation: incarnation),
      sequence: sequences[supervisor] ?? 0, line: line, members: members)
    broker.receive(publication, now: now)
    collect()
  }

  mutating func drain(milliseconds: Int? = nil) {
    broker.drain(now: now, end: milliseconds.map { now.adding(milliseconds: $0) })
    collect()
  }

  mutating func unreachable(_ connection: String) {
    broker.unreachable(Self.peer(connection), now: now)
    collect()
  }

  /// Takes out the effects since the last look that are something.
  mutating func take<Found>(_ found: (Effect) -> Found?) -> [Found] {
    var all: [Found] = []
    effects.removeAll { effect in
      guard let one = found(effect) else { return false }
      all.append(one)
      return true
    }
    return all
  }

  /// Takes out the jobs given since the last look: connection, request, attempt.
  mutating func jobs() -> [(worker: String, request: String, attempt: Attempt)] {
    var jobs: [(worker: String, request: String, attempt: Attempt)] = []
    effects.removeAll { effect in
      guard case .run(let peer, let orders) = effect else { return false }
      for order in orders {
        jobs.append(
          (
            String(decoding: peer.bytes, as: UTF8.self), TestRequest.id(order.request),
            order.job.attempt
          ))
      }
      return true
    }
    return jobs
  }

  /// Takes out the only job given since the last look.
  mutating func job() throws -> (worker: String, request: String, attempt: Attempt) {
    let all = jobs()
    try #require(all.count == 1)
    return all[0]
  }

  /// Takes out the answers given since the last look: the request, and the line without times.
  mutating func answers() -> [(request: String, line: Line)] {
    var answers: [(request: String, line: Line)] = []
    effects.removeAll { effect in
      guard case .answer(let request, let line, _) = effect else { return false }
      answers.append((TestRequest.id(request), line))
      return true
    }
    return answers
  }

  /// Takes out the chunks sent since the last look: their lines.
  mutating func chunks() -> [Line] {
    var chunks: [Line] = []
    effects.removeAll { effect in
      guard case .chunk(_, _, let line, _) = effect else { return false }
      chunks.append(line)
      return true
    }
    return chunks
  }

  /// The error codes of the answers given since the last look, "OK" for rows.
  mutating func codes() -> [String: String] {
    Dictionary(
      answers().map { ($0.request, $0.line["code"] ?? $0.line.word) }, uniquingKeysWith: +)
  }

  /// Takes out what waiting workers were told besides jobs.
  mutating func told() -> [String: WorkerCommand] {
    var told: [String: WorkerCommand] = [:]
    effects.removeAll { effect in
      guard case .tell(let peer, let command) = effect else { return false }
      told[String(decoding: peer.bytes, as: UTF8.self)] = command
      return true
    }
    return told
  }

  /// Takes out the events published.
  mutating func eventLines() -> [Line] {
    var lines: [Line] = []
    effects.removeAll { effect in
      guard case .publish(let line) = effect else { return false }
      lines.append(line)
      return true
    }
    return lines
  }

  /// Takes out the words of the events published.
  mutating func events() -> [String] { eventLines().map(\.word) }
}
