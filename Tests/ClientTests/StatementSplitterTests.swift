import Client
import Testing

@Suite struct StatementSplitterTests {
  /// The records of an input that comes in chunks of this size.
  private func records(_ input: String, chunk: Int = .max) -> [Record] {
    split(Array(input.utf8), StatementSplitter(), chunk: chunk)
  }

  private func texts(_ input: String) -> [String] {
    records(input).map { record in
      guard case .text(let bytes) = record.content else { return "unusable" }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  @Test(arguments: [
    ("", []),
    (" ;; \n;", []),
    ("select 1", ["select 1"]),
    ("select 1;", ["select 1"]),
    ("select 1; select 2\n\n", ["select 1", "select 2"]),
    ("select ';'; x", ["select ';'", "x"]),
    ("select 'it''s;'; x", ["select 'it''s;'", "x"]),
    ("select \";\"\";\"; x", ["select \";\"\";\"", "x"]),
    ("select `;`, [;']; x", ["select `;`, [;']", "x"]),
    ("a -- ; '\nb; x", ["a -- ; '\nb", "x"]),
    ("a /* ; ' */ b; x", ["a /* ; ' */ b", "x"]),
    ("a /**/; x /*/;*/", ["a /**/", "x /*/;*/"]),
    ("a /***/; x", ["a /***/", "x"]),
    ("-- first\n/* ; */ a;\n-- last", ["a"]),
    ("1-1; 2/1; -", ["1-1", "2/1", "-"]),
    ("-1;/2", ["-1", "/2"]),
    ("1-;'a", ["1-", "unusable"]),
    ("a /* open ; b", ["a /* open ; b"]),
    ("/* open ; b", []),
    ("- -'x'; --x\n", ["- -'x'"]),
    ("a--", ["a--"]),
    ("\u{feff}a; \u{feff}\n;\u{feff}-- b\n", ["a"]),
    ("a\u{feff}; '\u{feff}'", ["a\u{feff}", "'\u{feff}'"]),
    ("\u{fec0};\u{ff21}b", ["\u{fec0}", "\u{ff21}b"]),
  ])
  func splits(input: String, expected: [String]) {
    #expect(texts(input) == expected)
  }

  @Test func chunksMakeNoDifference() {
    let input = "select 'a;''b' -- c;\n, [x;] /* y; */ - 1 / 2;\n\n  select \"ü\" ; -- end\n'open"
    let whole = records("\u{feff}" + input)
    #expect(whole.count == 3)
    for size in 1...20 { #expect(records("\u{feff}" + input, chunk: size) == whole) }
  }

  @Test func placesAreWhereStatementsBegin() {
    #expect(records("\u{feff}a").map(\.place) == [.input(line: 1, column: 1)])
    let places = records("\n-- x\n  a;ü; b\n;/**/-c;\n 'd").map(\.place)
    #expect(
      places == [
        .input(line: 3, column: 3), .input(line: 3, column: 5), .input(line: 3, column: 8),
        .input(line: 4, column: 6), .input(line: 5, column: 2),
      ])
  }

  @Test func tooLongStatementLosesNothingElse() {
    let long = "select '" + String(repeating: ";", count: Record.maxLength) + "'"
    let all = records("a;\n\(long);\nb;", chunk: 65_536)
    #expect(all.map(\.place) == (1...3).map { .input(line: $0, column: 1) })
    guard case .unusable = all[1].content else {
      Issue.record("the statement was taken")
      return
    }
    #expect(all[2].content == .text(Array("b".utf8)))
  }

  @Test func anyBytesPass() {
    let bytes: [UInt8] = [0x61, 0, 0xff, 0xfe, 0x3b, 0x62]
    let all = split(bytes, StatementSplitter())
    #expect(all.map(\.content) == [.text([0x61, 0, 0xff, 0xfe]), .text([0x62])])
    // What only begins like a byte order mark.
    #expect(split([0xef, 0xbb], StatementSplitter()).map(\.content) == [.text([0xef, 0xbb])])
    #expect(
      split([0xef, 0x3b, 0xef, 0xef], StatementSplitter()).map(\.content)
        == [.text([0xef]), .text([0xef, 0xef])])
  }
}

/// The records of an input that comes in chunks of this size.
func split(_ input: [UInt8], _ splitter: some Splitter, chunk size: Int = .max) -> [Record] {
  var splitter = splitter
  var records: [Record] = []
  var start = 0
  while start < input.count {
    let end = start + min(size, input.count - start)
    Array(input[start..<end]).withUnsafeBytes { chunk in
      var position = 0
      while let record = splitter.next(in: chunk, &position) { records.append(record) }
      #expect(position == chunk.count)
    }
    start = end
  }
  if let record = splitter.finish() { records.append(record) }
  return records
}
