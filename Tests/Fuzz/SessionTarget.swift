import Client
import Toolkit
import Wire
import ZeroMQ

/// A client whose router answers garbage: each request still has one result, and in time.
struct SessionTarget: ~Copyable {
  private static let timeout = 5000
  private let pipe: Pipe

  init(_ pipe: consuming Pipe) {
    self.pipe = pipe
  }

  func run(_ source: inout Source) throws(Finding) {
    var settings = Settings()
    settings.timeoutMilliseconds = Self.timeout
    settings.tries = 1 + source.below(3)
    settings.isOrdered = source.below(2) > 0
    var now = Instant(microseconds: 1)
    var session = Session(settings, now: now)
    session.connected()
    let count = 1 + source.below(5)
    var results = 0
    for line in 1...count {
      let query = ClientMessage.query(
        Query(id: nil, database: "a", format: .json, credit: source.below(2) > 0 ? 1 : nil))
      let request = Request(
        query, sql: Array("select\n1".utf8), place: .input(line: line, column: 1))
      session.submit(.request(request), now: now)
    }
    try take(&session, now, &results)
    try receive(&session, &source, now)
    for _ in 0..<source.below(12) {
      try take(&session, now, &results)
      switch source.below(8) {
      case 0:
        session.disconnected(now: now)
        session.connected()
      case 1:
        now = now.adding(milliseconds: source.below(3000))
        session.tick(now: now)
      default: try receive(&session, &source, now)
      }
    }
    // A time to wait for, and the grace.
    for _ in 0..<3 {
      now = now.adding(milliseconds: Self.timeout + Settings.graceMilliseconds)
      session.tick(now: now)
      try take(&session, now, &results)
    }
    try expect(session.isEmpty, "a request without a result", [])
    try expect(results == count, "\(results) results of \(count) requests", [])
  }

  private func take(
    _ session: inout Session, _ now: Instant, _ results: inout Int
  ) throws(Finding) {
    while let effect = session.next(now: now) {
      switch effect {
      case .send, .credit, .cancel, .printChunk, .complain, .connect: break
      case .print(let answer):
        results += 1
        let isGood =
          switch answer.outcome {
          case .rows, .unchanged: true
          default: false
          }
        try expect(isGood, "printed what is no rows: \(answer.text)", Array(answer.text.utf8))
      case .report: results += 1
      case .giveUpConnecting: throw Finding("gave up a connection that stood")
      }
    }
  }

  private func receive(
    _ session: inout Session, _ source: inout Source, _ now: Instant
  ) throws(Finding) {
    var answers = AnswerReader(try message(&source))
    var lines = AnswerLines()
    while let answer = answers.next(&lines) { session.receive(answer, now: now) }
  }

  private func message(_ source: inout Source) throws(Finding) -> Multipart {
    var frames: [[UInt8]] = [[], source.input(like: Corpus.answers), source.bytes()]
    if source.chance(30) {
      var packed = ByteBuffer()
      for _ in 0..<source.below(4) {
        for content in [source.input(like: Corpus.answers), source.bytes()] {
          content.withUnsafeBytes { packed.append(netstring: $0) }
        }
      }
      let bytes = Array(packed)
      frames = [
        [], Packed.line.encoded(), source.chance(80) ? bytes : source.input(like: [bytes]),
      ]
    }
    if source.chance(10) { frames.remove(at: source.below(3)) }
    if source.chance(5) { frames.insert(source.bytes(), at: source.below(frames.count + 1)) }
    for frame in frames { source.trace(frame) }
    return try pipe.message(frames)
  }
}
