import TestSupport
import Testing

@testable import Wire

/// What is written several bytes at a time, against the same written byte by byte.
@Suite struct ReferenceTests {
  private func written(_ format: Format, _ value: Value) -> [UInt8] {
    // The end of a row, and the name that JSON has before it.
    let row = render(format, ["x"], [[value]])
    switch format {
    case .json: return Array(row.dropFirst(5).dropLast(2))
    case .csv: return Array(row.dropFirst(3).dropLast(2))
    case .tsv: return Array(row.dropLast())
    }
  }

  private func json(_ text: [UInt8]) -> [UInt8] {
    guard String(validating: text, as: UTF8.self) != nil else {
      var encoded = ByteBuffer()
      text.withUnsafeBytes { Base64.append($0, to: &encoded) }
      return Array(#"{"$base64":true,"type":"text","encoded":""#.utf8) + Array(encoded)
        + Array("\"}".utf8)
    }
    let inner = text.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "\n"): return Array("\\n".utf8)
      case UInt8(ascii: "\r"): return Array("\\r".utf8)
      case UInt8(ascii: "\t"): return Array("\\t".utf8)
      case 0..<0x20, 0x7f:
        return Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
      default: return [byte]
      }
    }
    return Array("\"".utf8) + inner + Array("\"".utf8)
  }

  private func csv(_ text: [UInt8]) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    guard text.isEmpty || text.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return text }
    return [quote] + text.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
  }

  private func tsv(_ text: [UInt8]) -> [UInt8] {
    text.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "\t"): return Array("\\t".utf8)
      case UInt8(ascii: "\n"): return Array("\\n".utf8)
      case UInt8(ascii: "\r"): return Array("\\r".utf8)
      case UInt8(ascii: "\\"): return Array("\\\\".utf8)
      default: return [byte]
      }
    }
  }

  private func check(_ text: [UInt8]) {
    #expect(written(.json, .text(text)) == json(text))
    #expect(written(.csv, .text(text)) == csv(text))
    #expect(written(.tsv, .text(text)) == tsv(text))
  }

  /// Every byte at every place of a word, and beside a byte of every kind.
  @Test func everyByte() {
    for byte in UInt8.min...UInt8.max {
      for count in 1...17 {
        for place in 0..<count {
          var text = Array(repeating: UInt8(ascii: "a"), count: count)
          text[place] = byte
          check(text)
        }
      }
      for other in Array("\u{0}\u{1f}\u{20}\u{21}\u{22}\u{23},-\\]\u{7e}\u{7f}".utf8) + [
        0x80, 0xff,
      ] {
        check([other, byte, other, byte, byte, other, other, byte, UInt8(ascii: "a"), byte, other])
      }
    }
  }

  @Test func randomText() {
    var random = SeededRandom(seed: 11)
    let kinds = Array("abcdefgh\u{1}\u{7f}\t\n\r\"\\,é日".utf8) + [0xff]
    for _ in 0..<3000 {
      // As rare as this, also in long text some runs are long.
      let rarity = Int.random(in: 1...64, using: &random)
      let text = (0..<Int.random(in: 0..<100, using: &random)).map { _ in
        Int.random(in: 0..<rarity, using: &random) == 0
          ? kinds.randomElement(using: &random) ?? 0 : UInt8(ascii: "x")
      }
      check(text)
    }
  }

  /// Room is made for a piece at a time.
  @Test func longText() {
    for count in [4087, 4088, 4095, 4096, 4097, 4103, 8191, 8192, 8193, 20_000] {
      for filler in ["a", "\u{1}", "\"", "\n"] {
        let text = Array(String(repeating: filler, count: count).utf8)
        check(text)
        check(text + Array("é".utf8))
        check(text + [0xff])
        check(Array("é".utf8) + text + Array("\"日\"".utf8) + text)
      }
    }
  }

  @Test func numbers() {
    var random = SeededRandom(seed: 12)
    var integers: [Int64] = [0, 1, -1, .min, .max, .min + 1]
    var power: Int64 = 1
    for _ in 0..<18 {
      power *= 10
      integers += [power - 1, power, power + 1, 1 - power, -power, -power - 1]
    }
    for _ in 0..<20_000 {
      integers.append(Int64(bitPattern: random.next()) >> (random.next() % 64))
    }
    for number in integers {
      #expect(written(.tsv, .integer(number)) == Array("\(number)".utf8))
    }
    for _ in 0..<100_000 {
      let number = random.double()
      let text = written(.tsv, .real(number))
      #expect(text == Array(number.description.utf8))
      #expect(text.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") })
      #expect(Double(String(decoding: text, as: UTF8.self))?.bitPattern == number.bitPattern)
    }
  }

  /// Names of columns are written in blocks.
  @Test func namesOfEveryLength() {
    for count in 0..<70 {
      let names = [String(repeating: "n", count: count), String(repeating: "m", count: 70 - count)]
      #expect(
        text(render(.json, names, [[.integer(1), .null]]))
          == "{\"\(names[0])\":1,\"\(names[1])\":null}\n")
    }
  }
}
