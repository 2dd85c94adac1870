import Wire

/// What happens at some time in a circle of brokers. Numbers are indices into the world's tables.
enum CircleHappening {
  // What arrives at a broker.
  case message(connection: Int, CirclePacket)
  case clientGone(connection: Int)
  case report(connection: Int, CircleReport)
  case workerGone(connection: Int)
  case changed(site: Int, database: Int)
  /// Its supervisor speaks.
  case publication(site: Int, Word)

  // What a broker does by itself.
  case turnEnds(site: Int, serial: Int)
  case wakes(site: Int, serial: Int)
  case starts(site: Int)
  case speaks(supervisor: Int)

  // What goes on around a link.
  case connects(link: Int, serial: Int)
  /// The side that has connected is told of the end.
  case isLost(link: Int, serial: Int)

  // What arrives at whoever has connected.
  case reply(connection: Int, CircleReply)
  case command(connection: Int, Reply)
  case cancelled(worker: Int, Attempt)

  case worker(Int, serial: Int, CircleWorkerEvent)
  case callerActs(Int)
  case callerConnects(Int)
  case reads(request: Int)
  case accident
}

enum CircleWorkerEvent {
  case starts
  case connects
  case hasLooked(check: String?)
  case chunkEnds
  case runEnds
  case dies
}

/// A client's message on its way: the line, and what a query runs.
final class CirclePacket: Sendable {
  let line: Line
  let sent: CircleSent

  init(_ message: ClientMessage, _ sent: CircleSent) {
    line = message.line
    self.sent = sent
  }
}

/// A request as a broker sees it.
final class CircleSent: Statement, Sendable {
  static func of(_ statement: any Statement) -> CircleSent {
    unsafeDowncast(statement, to: CircleSent.self)
  }

  /// Over which it has come.
  let connection: Int
  /// In the ledger; -1 for what runs nothing.
  let request: Int
  let text: Int
  let parameters: Int

  init(connection: Int, request: Int = -1, text: Int = 0, parameters: Int = 0) {
    self.connection = connection
    self.request = request
    self.text = text
    self.parameters = parameters
  }

  func over(_ connection: Int) -> CircleSent {
    CircleSent(connection: connection, request: request, text: text, parameters: parameters)
  }

  func members(from first: Int, by size: Int) -> [any Statement] { [] }
  var isPart: Bool { false }
  var shapeHash: UInt64 { UInt64(text) }
  var textHash: UInt64 { UInt64(text) }
  var parametersHash: UInt64 { UInt64(parameters) }
  var excerpt: String { "s" }
}

/// A result, or a part of one, and by which attempt of the broker that has it now it came.
final class CircleBody: Sendable {
  static func of(_ body: Body) -> CircleBody { unsafeDowncast(body.owner, to: CircleBody.self) }

  let request: Int
  /// Each time that a worker begins with a statement it has another number.
  let run: Int
  let attempt: Attempt
  /// 0 for the last part.
  let chunk: Int
  /// Of the last part: how many chunks went before it.
  let chunks: Int

  init(request: Int, run: Int, attempt: Attempt, chunk: Int = 0, chunks: Int = 0) {
    self.request = request
    self.run = run
    self.attempt = attempt
    self.chunk = chunk
    self.chunks = chunks
  }

  func asked(as attempt: Attempt) -> CircleBody {
    CircleBody(request: request, run: run, attempt: attempt, chunk: chunk, chunks: chunks)
  }
}

/// What a worker says; boxed.
final class CircleReport: Sendable {
  let report: WorkerReport
  let databases: DatabaseSet?
  let results: [(result: AttemptResult, body: CircleBody)]
  let version: VersionReport?
  /// What it says instead: here is a chunk.
  let chunk: CircleBody?

  init(
    _ report: WorkerReport, databases: DatabaseSet? = nil,
    results: [(result: AttemptResult, body: CircleBody)] = [], version: VersionReport? = nil,
    chunk: CircleBody? = nil
  ) {
    self.report = report
    self.databases = databases
    self.results = results
    self.version = version
    self.chunk = chunk
  }
}

/// What a broker answers; boxed.
final class CircleReply: Sendable {
  let line: Line
  /// Of a capacity line.
  let list: [UInt8]
  let body: CircleBody?

  init(_ line: Line, list: [UInt8] = [], body: CircleBody? = nil) {
    self.line = line
    self.list = list
    self.body = body
  }
}

extension CirclePacket: CustomStringConvertible {
  var description: String { "\(sent.request): \(line)" }
}

extension CircleReport: CustomStringConvertible {
  var description: String {
    let what =
      chunk.map { ["chunk \($0.chunk) of \($0.request)"] } ?? results.map { "\($0.result.line)" }
    return "\(report.line) \(what.joined(separator: "; "))"
  }
}

extension CircleReply: CustomStringConvertible {
  var description: String { "\(line)" }
}

extension Effect {
  /// As those see it who read what happened in a circle.
  var inCircle: String {
    switch self {
    case .chunk(_, _, let line, _), .answer(_, let line, _), .publish(let line): "\(line)"
    case .run(let peer, let orders):
      "on \(Ledger.name(peer)) run \(orders.map { "\(CircleSent.of($0.request).request): \($0.job.line)" })"
    case .tell(let peer, let command): "tell \(Ledger.name(peer)): \(command.line)"
    case .hand(let peer, let handovers):
      "hand to peer \(peer): \(handovers.map { "\(CircleSent.of($0.request).request): \(ClientMessage.query($0.query).line)" })"
    case .tellPeer(let peer, let message): "tell peer \(peer): \(message.line)"
    case .reconnect(let peer): "reconnect to peer \(peer)"
    }
  }
}
