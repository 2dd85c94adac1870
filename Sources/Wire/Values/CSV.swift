/// CSV of RFC 4180.
///
/// NULL is an empty field, empty TEXT and an empty BLOB are `""`. A BLOB is in hex. TEXT that is
/// not UTF-8 is written as it is. A row whose only value is NULL is thus an empty line.
enum CSV {
  static func append(_ number: Double, to output: inout ByteBuffer) {
    if number.isNaN { return }
    guard number.isInfinite else { return Numeral.append(number, to: &output) }
    output.append(number < 0 ? "-Inf" : "Inf")
  }

  static func appendText(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    let quote = UInt8(ascii: "\"")
    guard bytes.isEmpty || bytes.contains(where: needsQuotes) else {
      return output.append(contentsOf: bytes)
    }
    output.append(quote)
    var start = 0
    for index in bytes.indices where bytes[index] == quote {
      // The quote itself comes again at the start of the next part.
      output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start...index]))
      start = index
    }
    output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start...]))
    output.append(quote)
  }

  /// How many bytes that are.
  static func size(ofText bytes: UnsafeRawBufferPointer) -> Int {
    guard bytes.isEmpty || bytes.contains(where: needsQuotes) else { return bytes.count }
    return bytes.reduce(2) { $0 + ($1 == UInt8(ascii: "\"") ? 2 : 1) }
  }

  private static func needsQuotes(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
    default: false
    }
  }

  static func appendBlob(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    guard !bytes.isEmpty else { return output.append("\"\"") }
    Hex.append(bytes, to: &output)
  }
}
