/// Reads CSV as workers write it: RFC 4180, with an empty field for NULL and `""` for empty text.
package struct CSVReader {
  private static let quote = UInt8(ascii: "\"")
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  /// The bytes must outlive it.
  package init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  package enum Field: Equatable {
    case null
    case text([UInt8])
  }

  /// The fields of the next row, at least one; nil at the end.
  ///
  /// Whatever the bytes are, they are read as some rows.
  package mutating func nextRow() -> [Field]? {
    guard offset < bytes.count else { return nil }
    var row: [Field] = []
    while true {
      row.append(field())
      guard take(UInt8(ascii: ",")) else { break }
    }
    _ = take(UInt8(ascii: "\r"))
    _ = take(UInt8(ascii: "\n"))
    return row
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard offset < bytes.count, bytes[offset] == byte else { return false }
    offset += 1
    return true
  }

  private mutating func field() -> Field {
    guard offset < bytes.count, bytes[offset] == Self.quote else {
      let plain = rest { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") }
      // A carriage return in text stands in quotes; this one belongs to the end of the line.
      let text = plain.last == UInt8(ascii: "\r") ? plain.dropLast() : plain
      return text.isEmpty ? .null : .text(Array(text))
    }
    var text: [UInt8] = []
    // Each turn reads from a quote to the next one; two together are one in the text.
    while take(Self.quote) {
      text.append(contentsOf: rest { $0 == Self.quote })
      guard take(Self.quote), offset < bytes.count, bytes[offset] == Self.quote else { break }
      text.append(Self.quote)
    }
    return .text(text)
  }

  /// The bytes up to the next one that satisfies the predicate.
  private mutating func rest(
    until predicate: (UInt8) -> Bool
  ) -> Slice<UnsafeRawBufferPointer> {
    let start = offset
    while offset < bytes.count, !predicate(bytes[offset]) { offset += 1 }
    return bytes[start..<offset]
  }
}
