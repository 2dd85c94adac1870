import Client
import Testing
import ZeroMQ

/// What is read from a router's message.
@Suite struct AnswerReaderTests {
  private func read(_ frames: [String]) throws -> [String] {
    let context = try Context()
    let near = try Socket(.pair, in: context)
    let far = try Socket(.pair, in: context)
    try far.bind("inproc://reader")
    try near.connect("inproc://reader")
    _ = try near.send(frames.map { .bytes(Array($0.utf8)) })
    var reader = AnswerReader(try #require(try far.receive()))
    var all: [String] = []
    while let answer = reader.next() {
      let body = answer.body.withBytes { String(decoding: $0, as: UTF8.self) }
      all.append("\(answer.id.map(String.init) ?? "-") \(body)")
    }
    return all
  }

  @Test func oneOrSeveral() throws {
    #expect(try read(["", "OK id=1 rows=1", "a"]) == ["1 a"])
    #expect(try read(["", "ERROR id=1 code=busy message=full"]) == ["1 "])
    #expect(
      try read(["", "MANY", "14:OK id=1 rows=1,1:a,14:OK id=2 rows=0,0:,"]) == ["1 a", "2 "])
    #expect(try read(["", "MANY", ""]) == [])
  }

  @Test func whatCannotBeReadIsOneAsWell() throws {
    #expect(try read(["", "MANY", "14:OK id=1 rows=1,1:a,14:OK"]) == ["1 a", "- "])
    #expect(try read(["x", "OK id=1", ""]) == ["- "])
    #expect(try read([""]) == ["- "])
    #expect(try read(["", "MANY"]) == ["- "])
  }
}
