import Testing
import Wire
import ZeroMQ

@testable import Broker
@testable import Router

/// What is read from a peer's message.
@Suite struct PeerReplyTests {
  private let rows = Array("rows".utf8)
  private let ok = Array("OK id=17.1 rows=1 worker=w-1 run_us=40".utf8)
  private let more = Array("MORE id=18.2 chunk=1".utf8)

  /// A message as a DEALER receives it.
  private func reply(_ frames: [[UInt8]]) throws -> PeerReply {
    let context = try Context()
    let near = try Socket(.pair, in: context)
    let far = try Socket(.pair, in: context)
    try far.bind("inproc://peer")
    try near.connect("inproc://peer")
    _ = try near.send(frames.map { .bytes($0) })
    return PeerReply(try #require(try far.receive()))
  }

  private func packed(_ contents: [[UInt8]]) -> [UInt8] {
    contents.flatMap { Array("\($0.count):".utf8) + $0 + Array(",".utf8) }
  }

  /// The attempts that are answered, and what they are answered.
  private func answers(_ reply: PeerReply) -> [String] {
    reply.answers.map { answer, body in
      "\(answer.attempt.handedID) \(body.frame.withBytes { String(decoding: $0, as: UTF8.self) })"
    }
  }

  @Test func anAnswerComesAlone() throws {
    let reply = try reply([[], ok, rows])
    #expect(answers(reply) == ["17.1 rows"])
    #expect(reply.answers.first?.answer.worker == "w-1")
    #expect(reply.answers.first?.answer.content == .outcome(.rows(1)))
    #expect(reply.problem == nil && reply.size == ok.count + rows.count)
    let chunk = try self.reply([[], more, rows])
    #expect(answers(chunk) == ["18.2 rows"])
    #expect(chunk.answers.first?.answer.content == .chunk)
  }

  @Test func answersComeTogether() throws {
    let reply = try reply([[], Array("MANY".utf8), packed([ok, rows, more, [], ok, []])])
    #expect(answers(reply) == ["17.1 rows", "18.2 ", "17.1 "])
    #expect(reply.problem == nil)
  }

  @Test func capacityComesWithAListOrWithoutOne() throws {
    let line = "CAPACITY broker=b workers=4 others=2 revision=5"
    let list = ServedDatabase.encode([ServedDatabase(name: "a"), ServedDatabase(name: "b c")])
    let first = try #require(
      try reply([[], Array("\(line) databases=changed".utf8), list]).capacity)
    #expect(first.line.hasDatabases && first.line.workers == 4 && first.line.others == 2)
    #expect(first.databases.map(\.name) == ["a", "b c"])
    let second = try #require(try reply([[], Array(line.utf8), []]).capacity)
    #expect(!second.line.hasDatabases && second.databases.isEmpty)
  }

  @Test func aQuestionThatCameTooSoonIsNoProblem() throws {
    let reply = try reply([[], Array("ERROR code=busy message=later retry_ms=10".utf8), []])
    #expect(reply.problem == nil && reply.answers.isEmpty && reply.capacity == nil)
  }

  @Test func whatIsNotUnderstoodIsAProblemAndNoMore() throws {
    let garbage: [[[UInt8]]] = [
      [[]], [ok, rows], [[1], ok, rows], [[], [], []], [[], [0xff, 0xfe], rows],
      [[], Array("HELLO".utf8), rows], [[], Array("OK rows=1".utf8), rows],
      [[], Array("OK id=17 rows=1".utf8), rows], [[], Array("OK id=17.1".utf8), rows],
      [[], Array("ERROR id=17.1 code=strange".utf8), []],
      [[], Array("CAPACITY broker=b workers=-1 others=0 revision=1".utf8), []],
      [[], Array("CAPACITY broker=b workers=1 others=0 revision=1".utf8), Array("x y".utf8)],
      [[], ok, rows, rows], [[], Array("MANY".utf8), Array("5:abc".utf8)],
    ]
    for frames in garbage {
      let reply = try reply(frames)
      #expect(reply.problem != nil, "\(frames)")
      #expect(reply.answers.isEmpty && reply.capacity == nil)
    }
    // What came before counts.
    let half = try reply([[], Array("MANY".utf8), packed([ok, rows]) + Array("9:".utf8)])
    #expect(answers(half) == ["17.1 rows"] && half.problem != nil)
  }
}
