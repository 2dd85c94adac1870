internal import Broker
internal import Wire
internal import ZeroMQ

/// A query on several databases without a final answer.
final class SetRequest {
  enum Phase {
    /// Others are before it.
    case waiting
    /// Some worker looks which databases there are.
    case looking
    /// That was done, or has failed.
    case looked(Failure?)
    /// Its databases are asked.
    case running
  }

  /// The router's own, beside those of the broker's requests.
  let number: UInt64
  let request: ClientRequest
  let query: Query
  let arrival: Instant
  let deadline: Instant
  var phase = Phase.waiting
  var begun: Instant?
  /// While it is found which databases it is on.
  var search: DatabaseSearch?
  /// Once that is known.
  var coordinator: Coordinator?
  var output: SetOutput
  /// How many more chunks its client wants now; nil when the result is to come in one message.
  var credit: Int?
  /// How many chunks have been sent.
  var chunks = 0
  /// Since when it waits for its reader.
  var stalledSince: Instant?
  /// What it was last counted with among the rows that are kept, in bytes.
  var weight = 0

  init(
    _ number: UInt64, _ query: Query, _ request: ClientRequest, arrival: Instant,
    deadline: Instant
  ) {
    self.number = number
    self.query = query
    self.request = request
    self.arrival = arrival
    self.deadline = deadline
    output = SetOutput(query.format)
    credit = query.credit
  }

  /// The connection.
  var connection: PeerID { request.sender.connection }

  /// By whom its parts are asked for: ids are told apart by that. No envelope begins with a frame that is as
  /// long as the first two bytes say.
  var asker: PeerID { .scoped([0xff, 0xff] + withUnsafeBytes(of: number.bigEndian) { Array($0) }) }

  /// By which its client names it.
  var key: ClientRequestID? {
    query.id.map { ClientRequestID(client: request.sender.client, id: $0) }
  }

  /// The names of what it has asked and has no answer yet.
  var open: [Int] {
    if case .looking = phase { return [0] }
    return coordinator?.open ?? []
  }

  /// What is kept of its rows here, or may come to be before anybody is asked, in bytes.
  var weightNow: Int {
    output.count + (coordinator.map { $0.keptBytes + $0.openAhead * Sets.chunkBytes } ?? 0)
  }

  /// The line of its final answer.
  func line(_ outcome: Outcome, _ summary: SetSummary?, now: Instant) -> Line {
    var line = outcome.line(id: query.id)
    if chunks > 0 { line.append("chunks", chunks) }
    if let begun {
      line.append("queue_us", begun.microseconds(since: arrival))
      line.append("run_us", now.microseconds(since: begun))
    }
    line.append(summary)
    return line
  }
}

/// Which part of which query on several databases a request is.
struct SetPart {
  /// The router's number of that query.
  let set: UInt64
  /// The database's place in it; nil for the question which there are.
  let index: Int?
  let serial: Int
  /// What its client calls it.
  let id: String?
}
