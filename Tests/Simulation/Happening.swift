import Supervision
import Wire

/// What happens at some time: something arrives, ends, or comes up. Numbers are indices into the
/// world's tables.
enum Happening {
  // What arrives at the router.
  case request(Int)
  case takeBack(connection: Int, envelope: Int, id: String)
  case credit(connection: Int, envelope: Int, id: String, chunks: Int)
  /// Who must have an answer to everything wants one more chunk.
  case next(Int)
  case malformed(connection: Int, Int)
  case callerGone(connection: Int)
  case report(connection: Int, Report)
  case more(connection: Int, More)
  case nonsense(connection: Int)
  case workerGone(connection: Int)
  case note(Note)
  case publication(station: Int, Word)

  // What arrives at a worker, and what goes on in it.
  case command(connection: Int, Reply)
  case heard(process: Int, Word)
  case process(Int, ProcessEvent)

  // What goes on around a supervisor.
  case station(Int, incarnation: Int64, StationEvent)
  case stationStarts(Int)

  // What goes on at a caller.
  case answered(connection: Int, Answered)
  case caller(Int, CallerEvent)

  // The router's process.
  case routerStarts
  case routerState(incarnation: Int64)

  case accident
}

enum ProcessEvent {
  /// Its loop has come up.
  case begins
  /// Has looked, as it was told, and says what it found.
  case hasLooked(check: String?, serial: Int)
  case runEnds(serial: Int)
  /// There is a chunk of the result.
  case chunkEnds(serial: Int)
  /// The time for what it was given together may be over.
  case overrun
  case watchdog(serial: Int)
  case farewellEnds(serial: Int)
  case terminate
  case dies(Ending)
  /// SIGKILL.
  case kill
}

enum StationEvent {
  case tick
  case pulse
  case state
  case childSays(pid: Int32, Notice)
  case childExits(pid: Int32, Ending)
  case told(Input)
}

enum CallerEvent {
  case acts
  case connects
  case ticks
  /// Wants more of a result.
  case reads(request: Int)
  /// Knows that its connection has ended.
  case loses(connection: Int)
}

/// What a worker says; boxed, so that the agenda's entries remain small.
final class Report: Sendable {
  let report: WorkerReport
  let databases: DatabaseSet?
  let results: [(result: AttemptResult, body: Rendered)]
  let version: VersionReport?

  init(
    _ report: WorkerReport, databases: DatabaseSet?,
    results: [(result: AttemptResult, body: Rendered)] = [], version: VersionReport? = nil
  ) {
    self.report = report
    self.databases = databases
    self.results = results
    self.version = version
  }
}

/// A chunk, and what was answered before it; boxed.
final class More: Sendable {
  let report: ChunkReport
  let chunk: Rendered
  let results: [(result: AttemptResult, body: Rendered)]

  init(
    _ report: ChunkReport, _ chunk: Rendered,
    results: [(result: AttemptResult, body: Rendered)]
  ) {
    self.report = report
    self.chunk = chunk
    self.results = results
  }
}

/// What was published; boxed.
final class Word: Sendable {
  let publication: Publication

  init(_ publication: Publication) { self.publication = publication }
}

/// What a worker says beside its reports.
enum Note {
  case change(ChangeNote)
  case overrun(OverrunNote)
}

/// What a worker is told.
enum Reply {
  case run([Order])
  case command(WorkerCommand)
}

/// What a caller is answered, or a chunk; boxed.
final class Answered: Sendable {
  let request: Int
  let line: Line

  init(_ request: Int, _ line: Line) {
    self.request = request
    self.line = line
  }
}

/// A result as a worker rendered it: of which request, by which attempt at it, and which chunk of it; 0
/// for the last part.
final class Rendered: Sendable {
  let request: Int
  let attempt: Attempt
  let chunk: Int

  init(request: Int, attempt: Attempt, chunk: Int = 0) {
    self.request = request
    self.attempt = attempt
    self.chunk = chunk
  }

  static func of(_ body: Body) -> Rendered { unsafeDowncast(body.owner, to: Rendered.self) }
}

// For those who read what happened before a violation.
extension Word: CustomStringConvertible {
  var description: String {
    let publisher = publication.publisher
    return "\(publisher.name)/\(publisher.incarnation): \(publication.line) \(publication.members)"
  }
}

extension Report: CustomStringConvertible {
  var description: String {
    let list = databases.map { " databases \($0.bits)" } ?? ""
    let answers = (results.map(\.result.line) + (version.map { [$0.line] } ?? [])).map { " \($0)" }
    return "\(report.line)\(list)\(answers.joined())"
  }
}

extension More: CustomStringConvertible {
  var description: String {
    "\(report.line)\(results.map { " \($0.result.line)" }.joined())"
  }
}

extension Answered: CustomStringConvertible {
  var description: String { "\(request): \(line)" }
}

extension Reply: CustomStringConvertible {
  var description: String {
    switch self {
    case .run(let orders): orders.map(\.description).joined(separator: ", ")
    case .command(let command): command.description
    }
  }
}

extension Order: CustomStringConvertible {
  package var description: String {
    let number = (request as? Sent)?.request ?? (request as? CircleSent)?.request
    return "\(number.map(String.init) ?? "?"): \(job.line)"
  }
}

extension Effect: CustomStringConvertible {
  package var description: String {
    switch self {
    case .chunk(_, let statement, let line, _): "chunk of \(Sent.of(statement).request): \(line)"
    case .answer(let statement, let line, _): "answer \(Sent.of(statement).request): \(line)"
    case .run(let peer, let orders): "on \(Ledger.name(peer)) run \(Reply.run(orders))"
    case .tell(let peer, let command): "tell \(Ledger.name(peer)): \(command.line)"
    case .hand(let peer, let handovers):
      "hand to peer \(peer): \(handovers.map { ClientMessage.query($0.query).line })"
    case .tellPeer(let peer, let message): "tell peer \(peer): \(message.line)"
    case .reconnect(let peer): "reconnect to peer \(peer)"
    case .publish(let line): "publish \(line)"
    }
  }
}

extension WorkerCommand: CustomStringConvertible {
  package var description: String { line.description }
}
