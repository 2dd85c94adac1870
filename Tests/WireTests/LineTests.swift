import TestSupport
import Testing
import Wire

@Suite struct LineTests {
  @Test func aLineIsWrittenAsTheProtocolShowsIt() {
    let line = Line("ERROR").with("id", 17).with("code", "sql")
      .with("message", "no such table: crs_vew").with("offset", 17)
    #expect(line.description == #"ERROR id=17 code=sql message="no such table: crs_vew" offset=17"#)
  }

  @Test(arguments: [
    "", " ", "plain", "a b", "\"", "\\", "back\\slash", "a=b", "tab\tnewline\nreturn\r", "\u{0}",
    "\u{7f}", "ä€𝄞", "é", "e\u{301}", "key=value other=\"x\"",
  ])
  func everyValueSurvives(_ value: String) throws {
    let line = Line("WORD").with("key", value).with("next", "1")
    let read = try Line(parsing: line.encoded())
    #expect(read["key"].map { Array($0.utf8) } == Array(value.utf8))
    #expect(read["next"] == "1")
    #expect(!line.encoded().contains { $0 < 0x20 || $0 == 0x7f })
  }

  @Test func aJSONStringIsReadWithAllItsEscapes() throws {
    let line = try Line(parsing: Array(#"W k="\u00e4\ud834\udd1e\/\b\f""#.utf8))
    #expect(line["k"] == "ä𝄞/\u{8}\u{c}")
  }

  @Test(arguments: [
    "", " WORD", "WORD ", "WORD key", "WORD  key=1", "WORD =1", "WORD key=1 key=2", "WORD\n",
    "WORD key=\"open", "WORD key=\"bad \\x\"", "WORD key=\"\\ud800\"", "WORD key=\"\\u12\"",
    "WORD key=\"a\"b", "WORD key=a\"b", "WORD key=a\tb", "W=1",
  ])
  func aBrokenLineIsRefused(_ text: String) {
    #expect(throws: LineError.self) { try Line(parsing: Array(text.utf8)) }
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    #expect(throws: LineError.self) { try Line(parsing: [0x57, 0x20, 0x6b, 0x3d, 0xff]) }
    #expect(throws: LineError.self) { try Line(parsing: [0xc3]) }
  }

  @Test func lengthAndNumberOfPairsAreBounded() {
    #expect(throws: LineError.self) { try Line(parsing: [UInt8](repeating: 65, count: 65_537)) }
    let pairs = (0..<65).map { " k\($0)=1" }.joined()
    #expect(throws: LineError.self) { try Line(parsing: Array(("W" + pairs).utf8)) }
  }

  @Test func randomBytesAndMutatedLinesNeverCrash() throws {
    var random = SeededRandom(seed: 1)
    let real = Line("QUERY").with("db", "my data").with("id", 17).with("format", "json")
      .with("deadline", 5000).encoded()
    for _ in 0..<20_000 {
      var bytes = real
      if random.next() % 4 == 0 {
        bytes = (0..<Int(random.next() % 40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      }
      for _ in 0..<random.next() % 4 where !bytes.isEmpty {
        let index = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 3 {
        case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.remove(at: index)
        default: bytes.insert(bytes[index], at: index)
        }
      }
      guard let line = try? Line(parsing: bytes) else { continue }
      // What can be read is written so that it is read the same.
      #expect(try Line(parsing: line.encoded()) == line)
      _ = try? ClientMessage(line)
      _ = WorkerReport(line)
      _ = WorkerCommand(line)
      _ = AttemptResult(line)
    }
  }
}
