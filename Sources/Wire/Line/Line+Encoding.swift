extension Line: CustomStringConvertible {
  /// The line as text.
  package var description: String {
    String(decoding: encoded(), as: UTF8.self)
  }

  /// The line as it travels.
  package func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(64)
    bytes.append(contentsOf: word.utf8)
    for field in fields {
      bytes.append(UInt8(ascii: " "))
      bytes.append(contentsOf: field.key.utf8)
      bytes.append(UInt8(ascii: "="))
      if field.value.utf8.allSatisfy(Self.isBare) && !field.value.isEmpty {
        bytes.append(contentsOf: field.value.utf8)
      } else {
        var value = field.value
        value.withUTF8 { JSON.appendString(UnsafeRawBufferPointer($0), to: &bytes) }
      }
    }
    return bytes
  }

  /// Whether a byte may stand in a value without quotes, or in a word.
  static func isBare(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte != UInt8(ascii: "\"") && byte != 0x7f
  }

  static func isKey(_ byte: UInt8) -> Bool {
    isBare(byte) && byte != UInt8(ascii: "=")
  }
}
