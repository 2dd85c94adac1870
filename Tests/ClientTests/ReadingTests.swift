import Client
import Testing
import Toolkit
import Wire

@Suite struct ReadingTests {
  private let request = Request(
    .query(Query(id: nil, database: "proj", format: .json)), sql: Array("select ?1".utf8),
    place: .argument("proj"))

  /// What is sent for each line, or what is said about it.
  private func outcomes(_ input: [UInt8]) -> [String] {
    let reading = Reading.values(request)
    return split(input, LineSplitter(), chunk: 3).map { record in
      switch reading.work(record) {
      case .failure(let error): "\(error) \(error.status)"
      case .request(let request): String(decoding: request.parameters, as: UTF8.self)
      }
    }
  }

  @Test(arguments: [
    ("", []),
    ("a\n", ["[\"a\"]"]),
    ("a", ["[\"a\"]"]),
    ("\n", ["[\"\"]"]),
    ("1\t02134\t1.5\n", ["[1,\"02134\",1.5]"]),
    ("0\n17\n-17\n017\n-0\n+1\n", ["[0]", "[17]", "[-17]", "[\"017\"]", "[\"-0\"]", "[\"+1\"]"]),
    (
      "999999999999999999\n9223372036854775807\n9223372036854775808\n1_000\n",
      [
        "[999999999999999999]", "[9223372036854775807]", "[\"9223372036854775808\"]",
        "[\"1_000\"]",
      ]
    ),
    ("\\N\t\n\t\n", ["[null,\"\"]", "[\"\",\"\"]"]),
    ("a\\tb\\\\\n", ["[\"a\\tb\\\\\"]"]),
    ("1\r\nb\t2\r\n\r\n", ["[1]", "[\"b\",2]", "[\"\"]"]),
    ("a\rb\r\r\n\\r\n", ["[\"a\\rb\\r\"]", "[\"\\r\"]"]),
    ("\u{feff}1\n\u{feff}2", ["[1]", "[\"\u{feff}2\"]"]),
    ("\u{feff}1", ["[1]"]),
    ("\u{feff}\n", ["[\"\"]"]),
    ("\u{feff}", []),
    ("ok\n\\q\nok", ["[\"ok\"]", "line 2: an unknown escape at byte 0 badQuery", "[\"ok\"]"]),
  ])
  func linesBecomeParameters(input: String, expected: [String]) {
    #expect(outcomes(Array(input.utf8)) == expected)
  }

  @Test func whatIsNotUTF8IsSentToo() {
    #expect(outcomes([0xff, 0x0a]).first?.contains("$base64") == true)
  }

  @Test func tooLongLineLosesNothingElse() {
    let long = [UInt8](repeating: 0x61, count: Record.maxLength + 1)
    let all = split(Array("a\n".utf8) + long + Array("\nb\n".utf8), LineSplitter(), chunk: 65_536)
    #expect(all.map(\.place) == (1...3).map { .parameters(line: $0) })
    #expect(all[2].content == .text([0x62]))
    guard case .failure(let error) = Reading.values(request).work(all[1]) else {
      Issue.record("the line was taken")
      return
    }
    #expect(error.description == "line 2: the line is longer than 1048576 bytes")
    #expect(error.status == .badQuery)
  }

  @Test func statementsAreSentAsTheyAre() {
    let record = Record(.input(line: 1, column: 1), .text([0, 0xff]))
    guard case .request(let request) = Reading.statements(request).work(record) else {
      Issue.record("the statement was refused")
      return
    }
    #expect(request.sql == [0, 0xff])
    #expect(request.parameters.isEmpty)
  }
}
