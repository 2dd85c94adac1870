/// Bytes as hexadecimal digits, in lower case.
package enum Hex {
  package static func append(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    output.append(atMost: 2 * bytes.count) { end in
      bytes.reduce(end) { write($1, at: $0) }
    }
  }

  /// Writes two digits, and returns where they end.
  @inline(__always)
  static func write(
    _ byte: UInt8, at end: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    end[0] = digit(byte >> 4)
    end[1] = digit(byte & 15)
    return end + 2
  }

  private static func digit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
  }

  /// The value of a digit of either case, nil when it is none.
  package static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
