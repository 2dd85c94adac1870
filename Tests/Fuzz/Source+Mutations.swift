extension Source {
  /// What parsers stumble over.
  private static let tokens: [[UInt8]] =
    [
      "\"", "\\", "=", " ", ",", "\n", "\r", "\t", "\0", "[", "{", "}", "]", ":", ";", "'", "--",
      "/*", "*/", "-", "+", ".", "e", "\\u0000", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\u00",
      "\\N", "\\x", "\\xf", "null", "true", "{\"$base64\":true,\"encoded\":\"", "=\"\"", " id=7",
      " databases=changed", " stopping=yes", " wait=change", " if-version=1", " role=router",
    ].map { Array($0.utf8) } + [
      [0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x7f],
    ]

  private static let numbers = [
    "0", "-0", "-1", "1", "01", "86400000", "86400001", "2147483648", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "99999999999999999999999999", "1e999", "1e-999",
    "0.1", "1.", ".5", "0x10", "NaN", "inf",
  ].map { Array($0.utf8) }

  mutating func mutate(_ bytes: inout [UInt8], _ samples: [[UInt8]]) {
    switch below(10) {
    case 0 where !bytes.isEmpty: bytes[below(bytes.count)] ^= 1 << UInt8(below(8))
    case 1 where !bytes.isEmpty:
      bytes[below(bytes.count)] = UInt8.random(in: .min ... .max, using: &random)
    case 2: bytes.insert(contentsOf: pick(Self.tokens), at: below(bytes.count + 1))
    case 3: replaceNumber(&bytes)
    case 4: bytes.removeSubrange(range(of: bytes))
    case 5: bytes.replaceSubrange(range(of: bytes), with: pick(Self.tokens))
    case 6:
      let piece = bytes[range(of: bytes)]
      let times = chance(90) ? 1 + below(3) : below(300)
      let copies = (0..<times).flatMap { _ in piece }
      bytes.insert(contentsOf: copies, at: below(bytes.count + 1))
    case 7: bytes.replaceSubrange(range(of: bytes), with: self.bytes())
    case 8:
      let other = pick(samples)
      bytes = Array(bytes.prefix(below(bytes.count + 1))) + other.suffix(below(other.count + 1))
    default: bytes = Array(bytes.prefix(below(bytes.count + 1)))
    }
  }

  private mutating func range(of bytes: [UInt8]) -> Range<Int> {
    let start = below(bytes.count + 1)
    let length = below(chance(80) ? 12 : bytes.count + 1)
    return start..<min(bytes.count, start + length)
  }

  /// Puts another number in the place of one.
  private mutating func replaceNumber(_ bytes: inout [UInt8]) {
    let isDigit = { (byte: UInt8) in byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
    let digits = bytes.indices.filter { isDigit(bytes[$0]) }
    guard !digits.isEmpty else { return }
    let start = pick(digits)
    let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
    bytes.replaceSubrange(start..<end, with: pick(Self.numbers))
  }
}
