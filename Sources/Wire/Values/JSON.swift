/// What is wrong with JSON text, and at which byte.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  package let why: String
  package let offset: Int

  package var description: String { "\(why) at byte \(offset)" }
}

/// The JSON that parameters and rows are made of (RFC 8259, without nesting of values).
package enum JSON {
  /// Appends a JSON string with the text, which must be UTF-8.
  package static func appendString(_ text: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    output.append(UInt8(ascii: "\""))
    appendEscaped(text, to: &output)
    output.append(UInt8(ascii: "\""))
  }

  /// How many bytes that are.
  static func size(ofString text: UnsafeRawBufferPointer) -> Int {
    text.reduce(2) { $0 + (needsEscape($1) ? escapeSize($1) : 1) }
  }

  private static func escapeSize(_ byte: UInt8) -> Int {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "\n"), UInt8(ascii: "\r"),
      UInt8(ascii: "\t"):
      2
    default: 6
    }
  }

  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7f
  }

  @inline(__always)
  private static func escapeMarks(_ word: UInt64) -> UInt64 {
    ByteScan.marks(word, below: 0x20) | ByteScan.marks(word, UInt8(ascii: "\""))
      | ByteScan.marks(word, UInt8(ascii: "\\"))
  }

  /// Appends what is between the quotes.
  static func appendEscaped(_ text: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    _ = output.append(
      text, marks: { escapeMarks($0) | ByteScan.marks($0, 0x7f) }, escapeSize: 6, writeEscape)
  }

  /// Likewise, of text that may be anything, up to the first byte that is not ASCII.
  ///
  /// - Returns: how many bytes that were.
  static func appendEscapedASCII(
    _ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer
  ) -> Int {
    output.append(
      bytes, marks: { escapeMarks($0) | ByteScan.marksFromDelete($0) }, escapeSize: 6,
      { byte, end in byte < 0x80 ? writeEscape(byte, at: end) : nil })
  }

  @inline(never)
  private static func writeEscape(
    _ byte: UInt8, at end: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    end[0] = UInt8(ascii: "\\")
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): end[1] = byte
    case UInt8(ascii: "\n"): end[1] = UInt8(ascii: "n")
    case UInt8(ascii: "\r"): end[1] = UInt8(ascii: "r")
    case UInt8(ascii: "\t"): end[1] = UInt8(ascii: "t")
    default:
      end[1] = UInt8(ascii: "u")
      end[2] = UInt8(ascii: "0")
      end[3] = UInt8(ascii: "0")
      return Hex.write(byte, at: end + 4)
    }
    return end + 2
  }

  /// Reads a JSON string, without looking at whether its raw bytes are UTF-8.
  package static func string(_ reader: inout ByteReader) throws(JSONError) -> [UInt8] {
    let start = reader.offset
    guard reader.take(UInt8(ascii: "\"")) else { throw JSONError(why: "no string", offset: start) }
    var bytes: [UInt8] = []
    while true {
      bytes.append(
        contentsOf: reader.take {
          $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        })
      let offset = reader.offset
      switch reader.next() {
      case UInt8(ascii: "\""): return bytes
      case UInt8(ascii: "\\"): try appendEscaped(&reader, to: &bytes)
      case nil: throw JSONError(why: "a string without end", offset: start)
      default: throw JSONError(why: "a control character in a string", offset: offset)
      }
    }
  }

  private static func appendEscaped(
    _ reader: inout ByteReader, to bytes: inout [UInt8]
  ) throws(JSONError) {
    let offset = reader.offset
    switch reader.next() {
    case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
    case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
    case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0c)
    case UInt8(ascii: "u"): bytes.append(contentsOf: UTF8.bytes(of: try scalar(&reader)))
    case .some(let byte) where "\"\\/".utf8.contains(byte): bytes.append(byte)
    default: throw JSONError(why: "an unknown escape in a string", offset: offset)
    }
  }

  /// Reads what follows `\u`: four digits, or a surrogate pair.
  private static func scalar(_ reader: inout ByteReader) throws(JSONError) -> Unicode.Scalar {
    let offset = reader.offset
    let unit = try codeUnit(&reader)
    if let scalar = Unicode.Scalar(unit) { return scalar }
    if UTF16.isLeadSurrogate(unit), reader.take("\\u") {
      let trail = try codeUnit(&reader)
      if UTF16.isTrailSurrogate(trail) {
        let value = 0x10000 + (UInt32(unit & 0x3ff) << 10 | UInt32(trail & 0x3ff))
        if let scalar = Unicode.Scalar(value) { return scalar }
      }
    }
    throw JSONError(why: "half a surrogate pair in a string", offset: offset)
  }

  private static func codeUnit(_ reader: inout ByteReader) throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      let offset = reader.offset
      guard let digit = reader.next().flatMap(Hex.value) else {
        throw JSONError(why: "no four hex digits after \\u", offset: offset)
      }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }

  static func skipSpace(_ reader: inout ByteReader) {
    _ = reader.take { $0 == 0x20 || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }
  }
}

extension UTF8 {
  static func bytes(of scalar: Unicode.Scalar) -> EncodedScalar {
    // Every scalar has an encoding.
    encode(scalar) ?? encodedReplacementCharacter
  }
}
