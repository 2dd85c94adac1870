import Supervision
import Wire

/// What happens at some time: something arrives, ends, or comes up. Numbers are indices into the
/// world's tables.
enum Happening {
  // What arrives at the router.
  case request(Int)
  case takeBack(connection: Int, envelope: Int, id: String)
  case malformed(connection: Int, Int)
  case callerGone(connection: Int)
  case report(connection: Int, Report)
  case nonsense(connection: Int)
  case workerGone(connection: Int)
  case note(ChangeNote)
  case publication(station: Int, Word)

  // What arrives at a worker, and what goes on in it.
  case command(connection: Int, WorkerCommand, request: Int)
  case heard(process: Int, Word)
  case process(Int, ProcessEvent)

  // What goes on around a supervisor.
  case station(Int, incarnation: Int64, StationEvent)
  case stationStarts(Int)

  // What goes on at a caller.
  case answered(connection: Int, Reply)
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
  /// Knows that its connection has ended.
  case loses(connection: Int)
}

/// What a worker says; boxed, so that the agenda's entries remain small.
final class Report: Sendable {
  let report: WorkerReport
  let databases: DatabaseSet?
  let result: AttemptResult?
  let body: Rendered?
  let version: VersionReport?

  init(
    _ report: WorkerReport, databases: DatabaseSet?, result: AttemptResult? = nil,
    body: Rendered? = nil, version: VersionReport? = nil
  ) {
    self.report = report
    self.databases = databases
    self.result = result
    self.body = body
    self.version = version
  }
}

/// What was published; boxed.
final class Word: Sendable {
  let publication: Publication

  init(_ publication: Publication) { self.publication = publication }
}

/// What a caller is answered; boxed.
final class Reply: Sendable {
  let request: Int
  let line: Line

  init(_ request: Int, _ line: Line) {
    self.request = request
    self.line = line
  }
}

/// A result as a worker rendered it: of which request, and by which attempt at it.
struct Rendered: Equatable, Sendable {
  let request: Int
  let attempt: Attempt
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
    let answer = result.map { " \($0.line)" } ?? version.map { " \($0.line)" } ?? ""
    return "\(report.line)\(list)\(answer)"
  }
}

extension Reply: CustomStringConvertible {
  var description: String { "\(request): \(line)" }
}

extension Effect<Sent, Rendered>: CustomStringConvertible {
  package var description: String {
    switch self {
    case .answer(let sent, let line, _): "answer \(sent.request): \(line)"
    case .run(let peer, let job, let sent):
      "run \(sent.request) on \(Ledger.name(peer)): \(WorkerCommand.run(job).line)"
    case .tell(let peer, let command): "tell \(Ledger.name(peer)): \(command.line)"
    case .publish(let line): "publish \(line)"
    }
  }
}

extension WorkerCommand: CustomStringConvertible {
  package var description: String { line.description }
}
