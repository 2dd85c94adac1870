import Wire

/// What has become of the requests in a circle of brokers, and whether that may be.
struct CircleLedger {
  /// A request as one broker has it, be it a client's or a peer's.
  struct Copy {
    let request: Int
    let site: Int
    let start: Int
    let way: [String]
    let deadline: Instant
    /// Whether it is on its way through here already. That happens when a broker has begun anew and its
    /// peers do not know that yet.
    let hasBeenHere: Bool
    let isStream: Bool
    /// How many chunks its sender has asked for.
    var granted: Int
    /// The last attempt there.
    var attempt: Attempt?
    var chunks = 0
    /// Of which run those are.
    var run: Int?
    /// Whether a chunk had no room.
    var hasGap = false
  }

  struct Key: Hashable {
    let connection: Int
    let id: String
  }

  /// A statement with its parameters.
  private struct Account: Hashable {
    let text: Int
    let database: Int
  }

  /// A final answer may come so long after the deadline: the broker's grace, and a turn of its loop.
  private static let graceMilliseconds = Constants.graceMilliseconds + 3

  let tries: Int
  let coverage: CircleCoverage
  var requests: [CircleRequest] = []
  var copies: [Key: Copy] = [:]
  private var deaths: [Account: Int] = [:]

  init(tries: Int, coverage: CircleCoverage) {
    self.tries = tries
    self.coverage = coverage
  }

  // MARK: What brokers are told

  /// A query arrives at a broker.
  mutating func arrives(
    _ query: Query, _ sent: CircleSent, at site: Int, _ name: String, start: Int, now: Instant
  ) throws {
    try require(query.way.count <= ClientMessage.maxWay, "\(sent.request) has come too far")
    let key = Key(connection: sent.connection, id: query.id ?? "")
    try require(copies[key] == nil, "\(sent.request) is handed over twice as \(key.id)")
    copies[key] = Copy(
      request: sent.request, site: site, start: start, way: query.way,
      deadline: now.adding(milliseconds: query.deadlineMilliseconds ?? 0),
      hasBeenHere: query.way.contains(name), isStream: query.credit != nil,
      granted: query.credit ?? 0)
    if query.way.count == 1 { coverage.note(.cameOnce) }
    if query.way.count > 1 { coverage.note(.cameFar) }
  }

  mutating func grants(_ chunks: Int, _ key: Key) { copies[key]?.granted += chunks }

  /// A connection is gone at a broker, and all that came over it with it.
  mutating func loses(connection: Int) {
    for key in copies.keys where key.connection == connection { copies[key] = nil }
  }

  /// A broker has ended, and all that it had with it.
  mutating func loses(site: Int) {
    for (key, copy) in copies where copy.site == site { copies[key] = nil }
  }

  /// A worker has died, of this request or of others that it had at once.
  mutating func died(of request: Int, isAlone: Bool) {
    let (text, database) = (requests[request].text, requests[request].database)
    if isAlone {
      requests[request].deaths += 1
      deaths[Account(text: text, database: database), default: 0] += 1
    }
    let (count, losses) = (requests[request].deaths, requests[request].losses)
    if count > tries + losses {
      coverage.violation = "\(count) workers died of \(request), which was lost \(losses) times"
    }
  }

  // MARK: What brokers do

  /// An attempt at a request begins: here, or at a peer.
  mutating func begins(_ attempt: Attempt, _ key: Key, at site: Int, isHanded: Bool) throws {
    guard let copy = copies[key] else { throw Violation("\(key) is begun after its end") }
    try require(copy.site == site, "\(key) is begun by another one")
    try require(!copy.hasBeenHere, "\(copy.request) has gone in a circle")
    try require(copy.chunks == 0, "\(copy.request) is begun again after a chunk")
    if let last = copy.attempt {
      try require(
        last.job == attempt.job && last.number < attempt.number,
        "\(copy.request) is begun twice in attempt \(attempt.number)")
      coverage.note(isHanded ? .handedAgain : .begunAgain)
    }
    copies[key]?.attempt = attempt
  }

  mutating func passes(_ line: Line, _ body: CircleBody, _ key: Key) throws {
    guard var copy = copies[key] else { throw Violation("a chunk after the end of \(key)") }
    copy.chunks += 1
    let what = "chunk \(copy.chunks) of \(copy.request)"
    try require(copy.isStream && copy.chunks <= copy.granted, "\(what) was not asked for")
    try require(body.request == copy.request, "\(what) is of \(body.request)")
    try require(body.attempt == copy.attempt, "\(what) is of attempt \(body.attempt.number)")
    try require(body.chunk == copy.chunks, "\(what) is chunk \(body.chunk)")
    try require(line["chunk"] == "\(copy.chunks)", "\(what) says that it is \(line)")
    try require(copy.run ?? body.run == body.run, "\(what) is of another run")
    copy.run = body.run
    copies[key] = copy
  }

  mutating func answers(
    _ line: Line, _ body: CircleBody?, _ sent: CircleSent, _ name: String, now: Instant
  ) throws {
    let key = Key(connection: sent.connection, id: line["id"] ?? "")
    guard let copy = copies.removeValue(forKey: key) else {
      throw Violation("\(key) is answered twice: \(line)")
    }
    let what = "\(copy.request) at \(name)"
    guard let outcome = Outcome(line) else { throw Violation("\(what): no answer: \(line)") }
    try require(
      now <= copy.deadline.adding(milliseconds: Self.graceMilliseconds),
      "\(what) is answered \(now.microseconds(since: copy.deadline)) us after its deadline")
    if let body { try judge(body, of: copy, outcome, what) }
    let isFirst = copy.way.isEmpty
    if case .failure(let failure) = outcome { try judge(failure, of: copy, isFirst, what) }
    try require(
      !copy.hasGap || line.word == "ERROR", "\(what) is complete, but for what had no room")
    if isFirst {
      coverage.note(outcome)
      requests[copy.request].isOver = true
      if case .rows = outcome { requests[copy.request].isDone = true }
    }
  }

  private func judge(
    _ body: CircleBody, of copy: Copy, _ outcome: Outcome, _ what: String
  ) throws {
    try require(body.request == copy.request, "\(what) has the answer to \(body.request)")
    try require(body.attempt == copy.attempt, "\(what) has an answer to \(body.attempt.number)")
    try require(body.chunk == 0, "\(what) ends with a chunk")
    guard case .rows = outcome else { return }
    try require(body.chunks == copy.chunks, "\(what) has \(copy.chunks) of \(body.chunks) chunks")
    try require(copy.run ?? body.run == body.run, "\(what) is of two runs")
  }

  private func judge(
    _ failure: Failure, of copy: Copy, _ isFirst: Bool, _ what: String
  ) throws {
    let request = requests[copy.request]
    switch failure.code {
    case .crashed where isFirst:
      try require(request.deaths >= tries, "\(what) crashed after \(request.deaths) deaths")
    case .crashed: try require(request.deaths > 0, "\(what) crashed, and nobody died")
    case .quarantined:
      let known = deaths[Account(text: request.text, database: request.database)] ?? 0
      try require(known >= tries, "\(what) is quarantined after \(known) deaths")
    case .deadline:
      // It was not over yet where it was said to be.
      break
    default: break
    }
  }
}
