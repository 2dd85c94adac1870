/// Lines of values between tabs.
///
/// NULL is `\N`, a BLOB `\x` and hex. In TEXT a tab, newline, carriage return and backslash are
/// `\t`, `\n`, `\r` and `\\`; all else stands as it is, also what is not UTF-8. An infinity is
/// `9e999` or `-9e999`. There is no header.
package enum TSV {
  static func appendNull(to output: inout ByteBuffer) {
    output.append("\\N")
  }

  static func append(_ number: Double, to output: inout ByteBuffer) {
    guard !number.isNaN else { return appendNull(to: &output) }
    JSON.append(number, to: &output)
  }

  static func appendText(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    _ = output.append(bytes, marks: escapeMarks, escapeSize: 2) { byte, end in
      end[0] = UInt8(ascii: "\\")
      end[1] = escape(byte) ?? byte
      return end + 2
    }
  }

  @inline(__always)
  private static func escapeMarks(_ word: UInt64) -> UInt64 {
    ByteScan.marks(word, UInt8(ascii: "\t")) | ByteScan.marks(word, UInt8(ascii: "\n"))
      | ByteScan.marks(word, UInt8(ascii: "\r")) | ByteScan.marks(word, UInt8(ascii: "\\"))
  }

  /// How many bytes that are.
  static func size(ofText bytes: UnsafeRawBufferPointer) -> Int {
    bytes.reduce(0) { $0 + (escape($1) == nil ? 1 : 2) }
  }

  private static func escape(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "\t"): UInt8(ascii: "t")
    case UInt8(ascii: "\n"): UInt8(ascii: "n")
    case UInt8(ascii: "\r"): UInt8(ascii: "r")
    case UInt8(ascii: "\\"): UInt8(ascii: "\\")
    default: nil
    }
  }

  static func appendBlob(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    output.append("\\x")
    Hex.append(bytes, to: &output)
  }
}
