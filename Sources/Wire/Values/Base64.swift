/// Base64 of RFC 4648, section 4: with padding, and nothing but it.
package enum Base64 {
  private static let alphabet: StaticString =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  private static let padding = UInt8(ascii: "=")

  /// How many digits so many bytes have.
  static func size(of count: Int) -> Int { (count + 2) / 3 * 4 }

  /// Appends the bytes as text.
  package static func append(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    output.append(atMost: size(of: bytes.count)) { end in
      var end = end
      var index = 0
      while bytes.count - index >= 3 {
        write(bytes[index], bytes[index + 1], bytes[index + 2], count: 4, to: &end)
        index += 3
      }
      switch bytes.count - index {
      case 1: write(bytes[index], 0, 0, count: 2, to: &end)
      case 2: write(bytes[index], bytes[index + 1], 0, count: 3, to: &end)
      default: break
      }
      return end
    }
  }

  /// Writes the first `count` digits of three bytes, padded to four.
  @inline(__always)
  private static func write(
    _ a: UInt8, _ b: UInt8, _ c: UInt8, count: Int, to end: inout UnsafeMutablePointer<UInt8>
  ) {
    let bits = UInt32(a) << 16 | UInt32(b) << 8 | UInt32(c)
    let digits = alphabet.utf8Start
    end[0] = digits[Int(bits >> 18 & 63)]
    end[1] = digits[Int(bits >> 12 & 63)]
    end[2] = count > 2 ? digits[Int(bits >> 6 & 63)] : padding
    end[3] = count > 3 ? digits[Int(bits & 63)] : padding
    end += 4
  }

  /// Reads text; nil when it is not exactly what `append` writes for some bytes.
  package static func decode(_ text: [UInt8]) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    guard !text.isEmpty else { return [] }
    let pads = text[text.count - 1] != padding ? 0 : text[text.count - 2] != padding ? 1 : 2
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    for start in stride(from: 0, to: text.count, by: 4) {
      let digits = start + 4 < text.count ? 4 : 4 - pads
      var bits: UInt32 = 0
      for index in 0..<4 {
        guard index < digits else {
          bits <<= 6
          continue
        }
        guard let value = value(text[start + index]) else { return nil }
        bits = bits << 6 | value
      }
      let unused: UInt32 = digits == 2 ? 0xffff : digits == 3 ? 0xff : 0
      guard bits & unused == 0 else { return nil }
      bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
      if digits > 2 { bytes.append(UInt8(truncatingIfNeeded: bits >> 8)) }
      if digits > 3 { bytes.append(UInt8(truncatingIfNeeded: bits)) }
    }
    return bytes
  }

  private static func value(_ digit: UInt8) -> UInt32? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
