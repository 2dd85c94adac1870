import Testing
import Wire
import ZeroMQ

@testable import Broker
@testable import Router

/// What is read from a client's message.
@Suite struct RequestReaderTests {
  private let id = Array("\u{0}abcd".utf8)

  /// A message as a ROUTER receives it.
  private func message(_ frames: [[UInt8]]) throws -> Multipart {
    let context = try Context()
    let near = try Socket(.pair, in: context)
    let far = try Socket(.pair, in: context)
    try far.bind("inproc://reader")
    try near.connect("inproc://reader")
    _ = try near.send(frames.map { .bytes($0) })
    return try #require(try far.receive())
  }

  private func read(_ frames: [[UInt8]]) throws -> [RequestReader.Received] {
    var latest = LatestRequest()
    var reader = RequestReader(try message([id] + frames), &latest)
    var all: [RequestReader.Received] = []
    while let received = reader.next(&latest) { all.append(received) }
    return all
  }

  private func packed(_ contents: [String]) -> [UInt8] {
    contents.flatMap { Array("\($0.utf8.count):\($0),".utf8) }
  }

  private func text(_ frame: Frame?) -> String? {
    frame?.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  private func words(_ all: [RequestReader.Received]) -> [String] {
    all.map { received in
      switch received.content {
      case .message(let message):
        let request = received.request
        return "\(message.id ?? "-") \(text(request.sql) ?? "-") \(text(request.parameters) ?? "-")"
      case .refused(let failure, let id): return "\(id ?? "-") \(failure.code)"
      }
    }
  }

  @Test func mostMessagesHaveOneRequest() throws {
    let query = Array("QUERY db=a id=1".utf8)
    let (sql, parameters) = (Array("select ?1".utf8), Array("[1]".utf8))
    #expect(words(try read([[], query, sql, parameters])) == ["1 select ?1 [1]"])
    #expect(words(try read([[], query, sql])) == ["1 select ?1 -"])
    #expect(words(try read([[], query])) == ["1 badRequest"])
    #expect(words(try read([[], query, sql, [], []])) == ["1 badRequest"])
    #expect(words(try read([[]])) == ["- badRequest"])
    #expect(words(try read([query, sql])) == ["1 badRequest"])
    #expect(words(try read([])) == ["- badRequest"])
    #expect(words(try read([[], Array("CANCEL id=2".utf8), sql])) == ["- badRequest"])
    let envelope = try read([[1], [2, 3], [], query, sql])
    #expect(envelope[0].request.sender.envelope == [[1], [2, 3]])
    #expect(envelope[0].request.sender.client != envelope[0].request.sender.connection)
  }

  @Test func noClientIsTakenForAnother() throws {
    let query = Array("QUERY db=a id=1".utf8)
    func client(_ envelope: [UInt8]...) throws -> PeerID {
      try read(envelope + [[], query, query])[0].request.sender.client
    }
    let (known, long) = (try client([1, 2]), [UInt8](repeating: 1, count: 256))
    // Whatever a connection chooses as its id.
    #expect(known.withBytes { PeerID($0) } != known)
    #expect(try client([1], [2]) != known)
    #expect(try client(long, [7]) != client([1], Array(long.dropFirst()), [7]))
    #expect(try client(long) != client([]))
  }

  @Test func severalRequestsAreOneByOneAndShareTheirSQL() throws {
    let all = try read([
      [], Array("MANY".utf8),
      packed([
        "QUERY db=a id=1", "select ?1", "[1]", "QUERY db=b id=2", "select ?1", "",
        "QUERY db=b id=3", "select 3", "", "CREDIT id=1 credit=2", "", "",
      ]),
    ])
    #expect(words(all) == ["1 select ?1 [1]", "2 select ?1 -", "3 select 3 -", "1 - -"])
    let requests = all.map(\.request)
    #expect(requests.allSatisfy { $0.sender.takesPacked })
    #expect(requests[0].shapeHash == requests[1].shapeHash)
    #expect(requests[1].shapeHash != requests[2].shapeHash)
    #expect(requests[0].size == "QUERY db=a id=1select ?1[1]".utf8.count)
    for frames in [[[]], [[], []], []] as [[[UInt8]]] {
      #expect(words(try read([[], Array("MANY".utf8)] + frames)) == ["- badRequest"])
    }
  }

  @Test func aSeriesIsOneRequestWithTheParametersOfEach() throws {
    let all = try read([
      [], Array("MANY".utf8),
      packed([
        "QUERY db=a id=7 each=3", "select ?1", "3:[1],0:,4:[22],", "QUERY db=a id=10 each=1",
        "select ?1", "3:[4],",
      ]),
    ])
    #expect(words(all) == ["7 select ?1 3:[1],0:,4:[22],", "10 select ?1 3:[4],"])
    let series = all[0].request
    let singles = series.members(from: 0, by: 1).map { ClientRequest.of($0) }
    #expect(singles.map { text($0.parameters) } == ["[1]", nil, "[22]"])
    #expect(singles.allSatisfy { text($0.sql) == "select ?1" })
    #expect(Set(singles.map(\.shapeHash)) == [series.shapeHash])
    func parameters(_ from: Int, _ size: Int) -> [String?] {
      series.members(from: from, by: size).map { text(ClientRequest.of($0).parameters) }
    }
    #expect(parameters(0, 2) == ["3:[1],0:,", "[22]"])
    #expect(parameters(1, 2) == ["0:,4:[22],"])
    #expect(parameters(1, 1) == [nil, "[22]"])
    #expect(parameters(0, 3) == ["3:[1],0:,4:[22],"])
    #expect(parameters(3, 1) == [])
  }

  @Test(arguments: ["", "3:[1],", "3:[1],3:[2],3:[3],", "3:[1],3:[2]", "[1]"])
  func aSeriesHasAsManyParametersAsItSays(parameters: String) throws {
    let series = ["QUERY db=a id=7 each=2", "select ?1", parameters]
    #expect(words(try read([[], Array("MANY".utf8), packed(series)])) == ["7 badRequest"])
  }

  @Test func aSeriesComesFromWhoeverTakesSeveralAnswers() throws {
    let frames = ["QUERY db=a id=7 each=1", "select ?1", "3:[1],"].map { Array($0.utf8) }
    #expect(words(try read([[]] + frames)) == ["7 badRequest"])
  }

  @Test func whatIsWrongWithOneIsToldOfThatAlone() throws {
    let all = try read([
      [], Array("MANY".utf8),
      packed([
        "QUERY id=1", "select 1", "", "CANCEL id=2", "select 2", "", "MANY", "", "", "a\nb", "", "",
        "QUERY db=a id=4", "select 4", "",
      ]),
    ])
    #expect(
      words(all) == [
        "1 badRequest", "- badRequest", "- badRequest", "- badRequest", "4 select 4 -",
      ])
  }

  @Test func whatIsWrongWithCreditOrCancelIsNoEndOfTheResult() throws {
    for line in ["CREDIT id=1", "CREDIT id=1 credit=0", "CREDIT id=1 credit=x"] {
      #expect(words(try read([[], Array(line.utf8)])) == ["- badRequest"])
    }
    for line in ["CREDIT id=1 credit=1", "CANCEL id=1"] {
      for surplus in 1...3 {
        let frames = [[], Array(line.utf8)] + Array(repeating: [], count: surplus)
        #expect(words(try read(frames)) == ["- badRequest"])
      }
      #expect(words(try read([Array(line.utf8)])) == ["- badRequest"])
    }
  }

  @Test func anIdThatIsTooLongDoesNotComeBack() throws {
    let id = String(repeating: "\u{7f}", count: 60_000)
    #expect(words(try read([[], Array("QUERY db=a id=\"\(id)\"".utf8), []])) == ["- badRequest"])
  }

  @Test func theRestOfAMessageIsRefusedAsOneWhereItCannotBeRead() throws {
    let good = packed(["QUERY db=a id=1", "select 1", ""])
    let many = Array("MANY".utf8)
    for rest in ["x", "3:abc,", "3:abc,0:,", "15:QUERY db=a id=1,8:select 1,0:;"] {
      let all = try read([[], many, good + Array(rest.utf8)])
      #expect(words(all) == ["1 select 1 -", "- badRequest"], "\(rest)")
    }
    let tooMany = try read([
      [], many, Array(repeatElement(packed(["", "", ""]), count: 1100).joined()),
    ])
    #expect(tooMany.count == Packed.maxRequests + 1)
    let tooLarge = try read([
      [], many, packed(["QUERY db=a id=1", String(repeating: "x", count: 65_536), ""]),
    ])
    #expect(words(tooLarge) == ["- badRequest"])
  }
}
