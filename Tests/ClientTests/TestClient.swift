import Client
import Toolkit
import Wire
import ZeroMQ

/// A session, with a watch or without, a clock that the test moves, and all that it wanted done.
struct TestClient {
  struct Sent: Equatable {
    let id: UInt64
    let deadline: Int
    let ifVersion: String?
    let waits: Bool
    /// Of `submit`, the request's number.
    var line = 0
  }

  struct Credit: Equatable {
    let id: UInt64
    let chunks: Int
  }

  var session: Session
  var watch: Watch?
  var now = Instant(microseconds: 1)
  var sent: [Sent] = []
  var credits: [Credit] = []
  var cancelled: [UInt64] = []
  /// Results, those that came in chunks as a whole.
  var printed: [String] = []
  /// Of a result that is not complete.
  var chunks = ""
  /// Results that were broken off, up to there.
  var fragments: [String] = []
  var reported: [String] = []
  var statuses: [ExitStatus] = []
  var complaints: [String] = []
  /// What was printed and reported, in order.
  var output: [String] = []
  /// When it wanted to connect again, in milliseconds from the start.
  var attempts: [Int64] = []
  var hasGivenUp = false
  private var submitted = 0

  init(_ change: (inout Settings) -> Void = { _ in }) {
    var settings = Settings()
    change(&settings)
    session = Session(settings, now: now)
  }

  mutating func connect() {
    session.connected()
    act()
  }

  mutating func disconnect() {
    session.disconnected(now: now)
    act()
  }

  mutating func advance(_ milliseconds: Int) {
    now = now.adding(milliseconds: milliseconds)
    session.tick(now: now)
    act()
  }

  /// Submits so many requests, of lines 0, 1 and so on.
  mutating func submit(_ count: Int) {
    for _ in 0..<count {
      let query = Query(id: nil, database: "db", format: .json, credit: 1)
      session.submit(
        .request(
          Request(.query(query), sql: [0x78], place: .input(line: submitted, column: 1))),
        now: now)
      submitted += 1
    }
    act()
  }

  /// The answer to a request, whose body is its id unless something else is said.
  mutating func answer(_ id: UInt64, _ outcome: Outcome = .rows(1), body: String? = nil) {
    receive(Answer(id: id, outcome: outcome, body: .bytes(Array((body ?? String(id)).utf8))))
  }

  /// A chunk of the result of a request, which is its number unless something else is said.
  mutating func chunk(_ id: UInt64, _ number: Int, body: String? = nil) {
    receive(
      Answer(
        id: id, outcome: nil, chunk: number, body: .bytes(Array((body ?? "\(number)").utf8))))
  }

  /// The end of a result that came in chunks.
  mutating func end(_ id: UInt64, chunks: Int, body: String = "") {
    receive(
      Answer(id: id, outcome: .rows(1), chunks: chunks, body: .bytes(Array(body.utf8))))
  }

  mutating func receive(_ answer: Answer) {
    session.receive(answer, now: now)
    act()
  }

  /// Watches a query, under these settings.
  mutating func startWatch() {
    let query = Query(id: nil, database: "db", format: .json)
    watch = Watch(
      query, Request(.query(query), sql: [0x78], place: .argument("db")),
      timeoutMilliseconds: session.settings.timeoutMilliseconds)
    act()
  }

  private mutating func act() {
    var hasActed = true
    while hasActed {
      hasActed = false
      if session.hasRoom, let request = watch?.next() {
        session.submit(.request(request), now: now)
        hasActed = true
      }
      while !hasGivenUp, let effect = session.next(now: now) {
        for effect in watch?.filter(effect) ?? [effect] { carryOut(effect) }
        hasActed = true
      }
    }
  }

  private mutating func carryOut(_ effect: Session.Effect) {
    switch effect {
    case .send(let request, let id, let deadline):
      let line = request.line(id: id, deadlineMilliseconds: deadline)
      guard line["id"] == String(id), line["deadline"] == String(deadline), !request.sql.isEmpty
      else { preconditionFailure("no request") }
      var sent = Sent(
        id: id, deadline: deadline, ifVersion: line["if-version"], waits: line["wait"] == "change")
      if case .input(let line, _) = request.place { sent.line = line }
      self.sent.append(sent)
    case .credit(let id, let chunks): credits.append(Credit(id: id, chunks: chunks))
    case .cancel(let id): cancelled.append(id)
    case .printChunk(let chunk):
      chunks += chunk.withBytes { String(decoding: $0, as: UTF8.self) }
    case .print(let answer):
      let text = chunks + answer.body.withBytes { String(decoding: $0, as: UTF8.self) }
      chunks = ""
      printed.append(text)
      output.append(text)
    case .report(let error):
      if !chunks.isEmpty { fragments.append(chunks) }
      chunks = ""
      reported.append(error.description)
      output.append(error.description)
      statuses.append(error.status)
    case .complain(let why): complaints.append(why)
    case .connect: attempts.append(now.microseconds / 1000)
    case .giveUpConnecting: hasGivenUp = true
    }
  }
}
