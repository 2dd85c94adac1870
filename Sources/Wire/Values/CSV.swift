/// CSV of RFC 4180.
///
/// NULL is an empty field, empty TEXT and an empty BLOB are `""`. A BLOB is in hex. TEXT that is
/// not UTF-8 is written as it is. A row whose only value is NULL is thus an empty line.
enum CSV {
  private static let quote = UInt8(ascii: "\"")

  static func append(_ number: Double, to output: inout ByteBuffer) {
    guard !number.isFinite else { return Numeral.append(number, to: &output) }
    if !number.isNaN { output.append(number < 0 ? "-Inf" : "Inf") }
  }

  static func appendText(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    let start = output.count
    let plainCount = output.append(bytes, marks: quotingMarks, escapeSize: 1) { _, _ in nil }
    guard plainCount < bytes.count || bytes.isEmpty else { return }
    output.truncate(to: start)
    output.append(quote)
    _ = output.append(
      bytes, marks: { ByteScan.marks($0, quote) }, escapeSize: 2,
      { byte, end in
        end[0] = byte
        end[1] = byte
        return end + 2
      })
    output.append(quote)
  }

  @inline(__always)
  private static func quotingMarks(_ word: UInt64) -> UInt64 {
    ByteScan.marks(word, UInt8(ascii: ",")) | ByteScan.marks(word, quote)
      | ByteScan.marks(word, UInt8(ascii: "\r")) | ByteScan.marks(word, UInt8(ascii: "\n"))
  }

  /// How many bytes that are.
  static func size(ofText bytes: UnsafeRawBufferPointer) -> Int {
    guard bytes.isEmpty || bytes.contains(where: needsQuotes) else { return bytes.count }
    return bytes.reduce(2) { $0 + ($1 == quote ? 2 : 1) }
  }

  private static func needsQuotes(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), quote, UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
    default: false
    }
  }

  static func appendBlob(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    guard !bytes.isEmpty else { return output.append("\"\"") }
    Hex.append(bytes, to: &output)
  }
}
