import TestSupport

@testable import Wire

func parse(_ json: String) throws -> Parameters { try parse(Array(json.utf8)) }

func parse(_ json: [UInt8]) throws -> Parameters {
  try json.withUnsafeBytes { try Parameters(json: $0) }
}

/// The error of JSON that must not be read, as text.
func problem(_ json: [UInt8]) -> String? {
  do {
    _ = try parse(json)
    return nil
  } catch {
    return "\(error)"
  }
}

func tsv(_ line: String) throws -> [Value] {
  try Array(line.utf8).withUnsafeBytes { try TSV.values($0) }
}

/// Rows as a writer gives them, with the header.
func render(_ format: Format, _ columns: [String], _ rows: [[Value]]) -> [UInt8] {
  let writer = RowWriter(format, columns: columns)
  var output = ByteBuffer()
  writer.appendHeader(to: &output)
  for row in rows { writer.appendRow(row, to: &output) }
  return Array(output)
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The same values bit by bit: for `==`, 0.0 is -0.0.
func areIdentical(_ a: [Value], _ b: [Value]) -> Bool {
  a.elementsEqual(b) { a, b in
    if case .real(let a) = a, case .real(let b) = b { return a.bitPattern == b.bitPattern }
    return a == b
  }
}

extension SeededRandom {
  mutating func double() -> Double {
    while true {
      let value = Double(bitPattern: next())
      if value.isFinite { return value }
    }
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}

let extremes: [Value] = [
  .null, .integer(0), .integer(.min), .integer(.max), .integer(-1),
  .integer(9_007_199_254_740_993),
  .real(0), .real(-0.0), .real(0.1), .real(0.1 + 0.2), .real(1), .real(-1.5), .real(1e15),
  .real(1e16), .real(1e20), .real(0x1p53), .real(.leastNonzeroMagnitude),
  .real(.leastNormalMagnitude), .real(.greatestFiniteMagnitude), .real(.infinity),
  .real(-.infinity), .real(1e-5), .real(123_456_789_012_345_680),
  .text(""), .text("x"), .text("a\tb\nc\rd\\e"), .text("\u{0}\u{1}\u{1f}\u{7f}"),
  .text("\"quoted\""),
  .text("日本 🏳️‍🌈 e\u{301} \u{2028}\u{feff}\u{10ffff}"), .text([0xff, 0xfe]), .text([0xc0, 0x80]),
  .text([0xed, 0xa0, 0x80]), .text([0x61, 0xe2, 0x82]),
  .blob([]), .blob([0]), .blob([0, 1]), .blob([0, 1, 2]), .blob(Array(0...255)),
]
