import Testing
import Wire

@Suite struct PeerMessageTests {
  private func line(_ text: String) throws -> Line { try Line(parsing: Array(text.utf8)) }

  @Test func theySurvive() throws {
    let question = PeerQuestion(broker: "5f3a91c07d22", revision: -1)
    #expect(PeerQuestion(question.line) == question)
    #expect(try ClientMessage(question.line) == .peer(question))
    for isSo in [true, false] {
      let capacity = PeerCapacity(
        broker: "b", workers: 4, others: 2, watches: isSo ? 7 : nil, revision: 5,
        hasDatabases: isSo, isStarting: !isSo)
      #expect(PeerCapacity(capacity.line) == capacity)
    }
    let attempt = Attempt(job: .max, number: 3)
    #expect(Attempt(handedAs: attempt.handedID) == attempt)
    for id in ["", "1", "1.", ".1", "1.2.3", "-1.1", "a.b", "99999999999999999999.1"] {
      #expect(Attempt(handedAs: id) == nil)
    }
  }

  @Test func aWayIsAListOfAFewNames() throws {
    let longest = (1...ClientMessage.maxWay).map { "b\($0)" }
    let query = Query(id: "1", database: "x", format: .json, way: longest)
    #expect(try ClientMessage(ClientMessage.query(query).line) == .query(query))
    let name = String(repeating: "x", count: 32)
    _ = try ClientMessage(try line("QUERY db=x way=\(name)"))
    let wrong = [
      longest.joined(separator: ",") + ",b9", "a,,b", "a,", ",a", name + "y", "\"\"",
    ]
    for way in wrong {
      let error = try #require(throws: Failure.self) {
        try ClientMessage(try line("QUERY db=x way=\(way)"))
      }
      #expect(error.code == .badRequest && error.message.contains("way="))
    }
  }

  @Test func aRequestSaysWhoseItIs() throws {
    let longest = String(repeating: "x", count: ClientMessage.maxClientLength)
    let query = Query(id: "1", database: "x", format: .json, client: longest)
    #expect(try ClientMessage(ClientMessage.query(query).line) == .query(query))
    #expect(throws: Failure(.badRequest, "client= is longer than 510 bytes")) {
      try ClientMessage(try line("QUERY db=x client=\(longest)y"))
    }
  }

  @Test func aBrokerHasAName() throws {
    #expect(PeerQuestion(try line("PEER broker=a revision=1")) != nil)
    for text in [
      "PEER revision=1", "PEER broker=a", "PEER broker=a,b revision=1",
      "PEER broker=\"\" revision=1", "PEER broker=\(String(repeating: "a", count: 33)) revision=1",
    ] {
      #expect(PeerQuestion(try line(text)) == nil)
    }
  }

  @Test func capacityHasBounds() throws {
    for text in [
      "workers=-1 others=0 revision=1", "workers=1 others=-1 revision=1", "workers=1 others=0",
      "workers=9999999999 others=0 revision=1", "workers=1 others=9999999999 revision=1",
    ] {
      #expect(PeerCapacity(try line("CAPACITY broker=b \(text)")) == nil)
    }
  }
}
