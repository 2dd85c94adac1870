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

  @Test func whatWouldBeTooLongIsAbridged() throws {
    let short = Line("W").with("why", "a b").with("n", 7)
    #expect(short.abridged() == short)
    var long = short.with("text", String(repeating: "\u{1}", count: 60_000))
    for number in 0..<60 { long.append(key: "k\(number)", String(repeating: "\n", count: 2000)) }
    let abridged = try Line(parsing: long.abridged().encoded())
    #expect(abridged.fields.map(\.key) == long.fields.map(\.key))
    #expect(abridged["why"] == "a b" && abridged["n"] == "7")
    #expect(abridged["text"] == String(repeating: "\u{1}", count: 128))
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

  @Test(arguments: [
    ("", "no word", 0), (" W", "no word", 0), ("W\tk=1", "no space before a key", 1),
    ("W  k=1", "no key=value", 2), ("W k", "no key=value", 2), ("W =1", "no key=value", 2),
    ("W k=1 k=2", "k given twice", 6), ("W k=1 ", "no key=value", 6),
    ("W k=\"a", "a string without end", 4), ("W k=\"\\x\"", "an unknown escape in a string", 6),
    ("W k=\"a\"b", "no space before a key", 7), ("W kä=1 kä=2", "kä given twice", 8),
  ])
  func whatIsWrongIsSaidAndWhere(_ text: String, _ why: String, _ offset: Int) {
    #expect(throws: LineError(why: why, offset: offset)) { try Line(parsing: Array(text.utf8)) }
  }

  @Test func aPairTooManyIsSaidBeforeItsValueIsRead() {
    let pairs = (10..<74).map { " k\($0)=1" }.joined()
    let whole = "W" + pairs
    #expect((try? Line(parsing: Array(whole.utf8)))?.fields.count == Line.maxFields)
    #expect(throws: LineError(why: "more than 64 pairs", offset: whole.utf8.count + 1)) {
      try Line(parsing: Array((whole + " k=\"").utf8))
    }
    #expect(throws: LineError(why: "k10 given twice", offset: whole.utf8.count + 1)) {
      try Line(parsing: Array((whole + " k10=\"").utf8))
    }
    #expect(throws: LineError(why: "not UTF-8", offset: 4)) {
      try Line(parsing: [0x57, 0x20, 0x6b, 0x3d, 0xc3])
    }
  }

  @Test func linesAreEqualByWhatTheySay() throws {
    let line = Line("W").with("a", "x").with("b", "ä y").with("c", "")
    for text in [
      #"W a=x b="ä y" c="""#, #"W a="x" b="ä y" c="#, #"W a="\u0078" b="\u00e4\u0020y" c="""#,
    ] {
      let read = try Line(parsing: Array(text.utf8))
      #expect(read == line && read.encoded() == line.encoded())
    }
    #expect(line != Line("W").with("b", "ä y").with("a", "x").with("c", ""))
    #expect(line != Line("V").with(line.fields))
    #expect(line == Line("W").with(line.fields))
    #expect(line != Line("W").with("a", "x"))
  }

  @Test func aLineThatIsContinuedLeavesTheOtherAsItWas() {
    let line = Line("W").with("a", 1)
    let longer = line.with("b", 2)
    #expect(line.description == "W a=1" && longer.description == "W a=1 b=2")
    #expect(line.with("c", nil as String?).with("d", nil as Int?) == line)
  }

  @Test func numbersSurvive() throws {
    let line = Line("W").with("a", Int64.min).with("b", UInt64.max).with("c", 0).with("d", -7)
      .with("e", Int32.max)
    #expect(
      line.description
        == "W a=-9223372036854775808 b=18446744073709551615 c=0 d=-7 e=2147483647")
    line.encoded().withUnsafeBytes { bytes in
      let view = try? LineView(parsing: bytes)
      #expect(view?["a"]?.int64 == .min && view?["a"]?.uint64 == nil)
      #expect(view?["b"]?.uint64 == .max && view?["b"]?.int64 == nil)
      #expect(view?["c"]?.int == 0 && view?["d"]?.int == -7 && view?["f"] == nil)
    }
  }

  /// A number is what Swift takes for one.
  @Test(arguments: [
    "", "-", "+", "+5", "-0", "007", "1 ", " 1", "1_0", "0x1", "1.0", "٣", "\"",
    "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
    "18446744073709551616", "99999999999999999999999",
  ])
  func aNumberIsReadAsSwiftReadsIt(_ text: String) throws {
    for line in [Line("W").with("k", text).encoded(), Array("W k=\"\(text)\"".utf8)] {
      line.withUnsafeBytes { bytes in
        guard let value = (try? LineView(parsing: bytes))?["k"] else { return }
        #expect(value.int64 == Int64(text) && value.uint64 == UInt64(text))
        #expect(value.text == text)
      }
    }
  }

  @Test func randomLinesSurvive() throws {
    let letters = Array("az09=-_./\\\"\n\t \u{0}\u{7f}äß€𝄞e\u{301}").map(String.init)
    for seed: UInt64 in 1...2000 {
      var random = SeededRandom(seed: seed)
      func text(_ count: Int) -> String {
        (0..<count).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] }.joined()
      }
      var line = Line("word.\(seed)")
      var values: [String] = []
      for number in 0..<Int.random(in: 0...Line.maxFields, using: &random) {
        values.append(text(Int.random(in: 0...20, using: &random)))
        line.append(key: "k\(number)", values[number])
      }
      let read = try Line(parsing: line.encoded())
      #expect(read == line && read.word == "word.\(seed)", "seed \(seed)")
      #expect(read.fields.map { Array($0.value.utf8) } == values.map { Array($0.utf8) })
      for (number, value) in values.enumerated() { #expect(read["k\(number)"] == value) }
    }
  }
}
