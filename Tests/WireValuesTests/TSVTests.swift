import TestSupport
import Testing

@testable import Wire

@Suite struct TSVTests {
  @Test func readsFields() throws {
    #expect(try tsv("") == [.text("")])
    #expect(try tsv("\t") == [.text(""), .text("")])
    #expect(
      try tsv("1\t1.5\tx\t\\N\t\\xFf00\t\\x\ta\\tb\\\\N")
        == [
          .integer(1), .real(1.5), .text("x"), .null, .blob([0xff, 0]), .blob([]),
          .text("a\tb\\N"),
        ])
    #expect(try tsv("\\\\N\t1\\n") == [.text("\\N"), .text("1\n")])
  }

  @Test(arguments: [
    ("\\Nx", "text after \\N at byte 2"), ("a\\N", "an unknown escape at byte 1"),
    ("a\t\\q", "an unknown escape at byte 2"), ("\\", "an unknown escape at byte 0"),
    ("a\\\tb", "an unknown escape at byte 1"), ("a\\x00", "an unknown escape at byte 1"),
    ("\\x0", "no two hex digits at byte 2"), ("\\x0g", "no two hex digits at byte 2"),
    ("\\x00\\", "no two hex digits at byte 4"),
  ])
  func refuses(line: String, why: String) {
    #expect {
      _ = try tsv(line)
    } throws: {
      "\($0)" == why
    }
  }

  @Test func roundTripsExtremes() throws {
    let line = render(.tsv, extremes.map { _ in "x" }, [extremes]).dropLast()
    #expect(!line.contains(0x0a))
    let read = try Array(line).withUnsafeBytes { try TSV.values($0) }
    #expect(areIdentical(read, extremes))
  }

  @Test func roundTripsRandomValues() throws {
    var random = SeededRandom(seed: 5)
    for _ in 0..<20_000 {
      let values: [Value] = [
        .real(random.double()), .integer(Int64(bitPattern: random.next())),
        .blob(random.bytes(3)), .text([0x61] + random.bytes(5)),
      ]
      let line = Array(render(.tsv, ["a", "b", "c", "d"], [values]).dropLast())
      let read = try line.withUnsafeBytes { try TSV.values($0) }
      #expect(areIdentical(read, values))
    }
  }
}
