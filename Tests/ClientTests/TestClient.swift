import Client
import Toolkit
import Wire
import ZeroMQ

/// A session with a clock that the test moves, and all that it wanted done.
struct TestClient {
  struct Sent: Equatable {
    let id: UInt64
    let deadline: Int
  }

  var session: Session
  var now = Instant(microseconds: 1)
  var sent: [Sent] = []
  var printed: [String] = []
  var reported: [String] = []
  var statuses: [ExitStatus] = []
  var complaints: [String] = []
  /// What was printed and reported, in order.
  var output: [String] = []
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
      let query = Query(id: nil, database: "db", format: .json)
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

  mutating func receive(_ answer: Answer) {
    session.receive(answer, now: now)
    act()
  }

  private mutating func act() {
    while !hasGivenUp, let effect = session.next(now: now) {
      switch effect {
      case .send(let parts):
        guard parts.count == 3, case .bytes(let bytes) = parts[1],
          let line = try? Line(parsing: bytes), let id = line["id"].flatMap(UInt64.init),
          let deadline = line["deadline"].flatMap(Int.init)
        else { preconditionFailure("no request") }
        sent.append(Sent(id: id, deadline: deadline))
      case .print(let body):
        let text = body.withBytes { String(decoding: $0, as: UTF8.self) }
        printed.append(text)
        output.append(text)
      case .report(let error):
        reported.append(error.description)
        output.append(error.description)
        statuses.append(error.status)
      case .complain(let why): complaints.append(why)
      case .giveUpConnecting: hasGivenUp = true
      }
    }
  }
}
