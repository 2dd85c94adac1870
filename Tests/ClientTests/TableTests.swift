import Client
import Testing

@Suite struct TableTests {
  init() {
    DisplayText.prepare()
  }

  private func table(_ csv: String) -> String {
    var output: [UInt8] = []
    Array(csv.utf8).withUnsafeBytes { Table(csv: $0) }.append(to: &output) { _ in }
    return String(decoding: output, as: UTF8.self)
  }

  private func rows(_ csv: String) -> [[String?]] {
    Array(csv.utf8).withUnsafeBytes { bytes in
      var reader = CSVReader(bytes)
      var rows: [[String?]] = []
      while let row = reader.nextRow() {
        rows.append(
          row.map { field in
            guard case .text(let text) = field else { return nil }
            return String(decoding: text, as: UTF8.self)
          })
      }
      return rows
    }
  }

  @Test func readsCSV() {
    #expect(rows("a,b\r\n1,2\r\n") == [["a", "b"], ["1", "2"]])
    #expect(rows("a\n1") == [["a"], ["1"]])
    #expect(rows(",\"\"\r\n") == [[nil, ""]])
    #expect(rows("a\r\n\r\n") == [["a"], [nil]])
    #expect(rows("\"x\"\"y\",\"\"\"\",\"a,\r\nb\"\r\n") == [["x\"y", "\"", "a,\r\nb"]])
    #expect(rows("") == [])
  }

  @Test(arguments: ["\"", "\"a", "a\"b\"", "\"a\"b,c\n", "\r", ",", "\"\"\"", "\n\n\n", "\"\"a"])
  func readsAnything(csv: String) {
    _ = table(csv)
  }

  @Test func alignsColumns() {
    #expect(
      table("code,name\r\n4326,WGS 84\r\n31,\"a, b\"\r\n") == """
        code  name
        ----  ------
        4326  WGS 84
          31  a, b

        """)
  }

  @Test func nullIsNamedAndEmptyTextEmpty() {
    #expect(table("a,b\r\n,\"\"\r\n-1.5,x\r\n") == "   a  b\n----  -\nNULL  \n-1.5  x\n")
  }

  @Test func headersAloneAndNothing() {
    #expect(table("a,bcd\r\n") == "a  bcd\n-  ---\n")
    #expect(table("") == "")
  }

  @Test func wideCharactersTakeTwoColumns() {
    #expect(table("a,b\r\n日本,1\r\nxyz,22\r\n") == "a      b\n----  --\n日本   1\nxyz   22\n")
    #expect(DisplayText(Array("e\u{301}".utf8)).width == 1)
  }

  @Test func controlCharactersAreShown() {
    let text = DisplayText(Array("a\u{1b}[2J\n\u{202e}\u{9b}\u{7f}\u{2028}".utf8))
    #expect(
      String(decoding: text.bytes, as: UTF8.self)
        == "a\\u{1b}[2J\\n\\u{202e}\\u{9b}\\u{7f}\\u{2028}")
    #expect(text.width == text.bytes.count)
    #expect(DisplayText([0xff, 0x61]) == DisplayText(Array("\u{fffd}a".utf8)))
  }
}
