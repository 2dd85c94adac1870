import TestSupport
import Testing

@testable import Wire

@Suite struct RowWriterTests {
  @Test func json() {
    let output = render(
      .json, ["id", "na\"me", "b"],
      [[.integer(.max), .text("é\n"), .blob([0xff])], [.null, .text([0xff]), .real(.infinity)]])
    #expect(
      text(output) == #"""
        {"id":9223372036854775807,"na\"me":"é\n","b":{"$base64":true,"encoded":"/w=="}}
        {"id":null,"na\"me":{"$base64":true,"type":"text","encoded":"/w=="},"b":9e999}

        """#)
    #expect(render(.json, ["a"], []).isEmpty)
    #expect(text(render(.json, ["a"], [[.real(-.infinity)]])) == "{\"a\":-9e999}\n")
    #expect(text(render(.json, ["a"], [[.real(.nan)]])) == "{\"a\":null}\n")
  }

  @Test(arguments: [
    (Format.json, "{\"x\":\"a\\\"b,\\t\",\"x:2\":1,\"y\":2}\n"),
    (.csv, "x,x,y\r\n\"a\"\"b,\t\",1,2\r\n"), (.tsv, "a\"b,\\t\t1\t2\n"),
  ])
  func aConstantColumnStandsFirst(_ format: Format, _ expected: String) {
    var output = ByteBuffer()
    let writer = RowWriter(format, columns: ["x", "y"], after: ("x", "a\"b,\t"))
    writer.appendHeader(to: &output)
    writer.appendRow([.integer(1), .integer(2)], to: &output)
    #expect(text(Array(output)) == expected)
    // What has no columns has no rows either.
    let empty = RowWriter(format, columns: [], after: ("x", "a"))
    var nothing = ByteBuffer()
    empty.appendHeader(to: &nothing)
    #expect(nothing.count == 0)
  }

  @Test(arguments: [
    (["a", "a", "a"], ["a", "a:2", "a:3"]), (["a", "a", "a:2"], ["a", "a:3", "a:2"]),
    (["a:2", "a", "a", "a"], ["a:2", "a", "a:3", "a:4"]), (["", ""], ["", ":2"]),
    (["a", "b", "A"], ["a", "b", "A"]), (["\u{e9}", "e\u{301}"], ["\u{e9}", "e\u{301}"]),
  ])
  func equalNames(names: [String], unique: [String]) {
    #expect(RowWriter.unique(names).map { Array($0.utf8) } == unique.map { Array($0.utf8) })
  }

  @Test func manyEqualNames() {
    let names = RowWriter.unique(Array(repeating: "x", count: 2000))
    #expect(Set(names).count == 2000 && names.last == "x:2000")
  }

  @Test func csv() {
    let output = render(
      .csv, ["id", "a,b", ""],
      [
        [.null, .text(""), .text("x")], [.text("a\"b"), .text("c\r\nd"), .text("e,f")],
        [.blob([]), .blob([0x0a, 0xff]), .real(-.infinity)],
        [.integer(-1), .real(0.1), .real(.infinity)],
      ])
    #expect(
      text(output)
        == "id,\"a,b\",\"\"\r\n,\"\",x\r\n\"a\"\"b\",\"c\r\nd\",\"e,f\"\r\n\"\",0aff,-Inf\r\n-1,0.1,Inf\r\n"
    )
    #expect(text(render(.csv, ["a", "a"], [])) == "a,a\r\n")
    #expect(text(render(.csv, ["a"], [[.null], [.text("")]])) == "a\r\n\r\n\"\"\r\n")
    #expect(
      render(.csv, ["a"], [[.text([0xff, 0x2c])]]) == Array("a\r\n\"".utf8) + [0xff, 0x2c]
        + Array("\"\r\n".utf8))
  }

  @Test func csvQuotesAreReversible() {
    var random = SeededRandom(seed: 4)
    for _ in 0..<5_000 {
      let bytes = random.bytes(Int(random.next() % 12)).map { Array("\",\r\nab".utf8)[Int($0) % 6] }
      var field = render(.csv, ["a"], [[.text(bytes)]]).dropFirst(3).dropLast(2)[...]
      if field.first == UInt8(ascii: "\"") {
        field = field.dropFirst().dropLast()
        let inner = text(Array(field)).unicodeScalars.split(
          separator: "\"", omittingEmptySubsequences: false)
        var plain = ""
        for (index, part) in inner.enumerated() {
          if index % 2 == 0 && index > 0 { plain += "\"" }
          #expect(index % 2 == 0 || part.isEmpty)
          plain.unicodeScalars.append(contentsOf: part)
        }
        #expect(Array(plain.utf8) == bytes)
      } else {
        #expect(Array(field) == bytes && !bytes.isEmpty)
      }
    }
  }

  @Test func tsv() {
    let output = render(
      .tsv, ["a", "b", "c"],
      [[.null, .text(""), .text("\\N")], [.blob([]), .blob([0xab]), .text("t\tn\nr\rb\\")]])
    #expect(text(output) == "\\N\t\t\\\\N\n\\x\t\\xab\tt\\tn\\nr\\rb\\\\\n")
  }

  @Test func jsonRowsReadAsParameters() throws {
    let row = render(.json, extremes.indices.map { "c\($0)" }, [extremes])
    guard case .named(let read) = try parse(row) else { throw Unexpected() }
    #expect(areIdentical(read.map(\.value), extremes))
  }

  @Test func sizesAreExact() {
    var random = SeededRandom(seed: 1)
    // Few kinds of bytes, so that escapes, quotes and what is no UTF-8 are frequent.
    let kinds = Array("\u{1}\u{7f}\t\n\r\"\\,aé".utf8) + [0xff]
    for _ in 0..<2000 {
      let count = Int.random(in: 0..<20, using: &random)
      let bytes = (0..<count).map { _ in kinds.randomElement(using: &random) ?? 0 }
      for format in Format.allCases {
        let writer = RowWriter(format, columns: ["x"])
        let empty =
          render(format, ["x"], [[.null]]).count - (format == .json ? 4 : format == .tsv ? 2 : 0)
        let text = render(format, ["x"], [[.text(bytes)]]).count - empty
        let blob = render(format, ["x"], [[.blob(bytes)]]).count - empty
        bytes.withUnsafeBytes { bytes in
          #expect(writer.size(ofText: bytes) == text)
          #expect(writer.size(ofBlob: bytes) == blob)
          #expect(writer.fits(text: bytes, in: text) && !writer.fits(text: bytes, in: text - 1))
          #expect(writer.fits(blob: bytes, in: blob) && !writer.fits(blob: bytes, in: blob - 1))
        }
      }
    }
  }
}
