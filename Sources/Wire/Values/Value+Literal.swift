extension Value {
  /// The longest text that can be a number: what SQLite prints never has more bytes.
  private static let maxNumeralLength = 32

  /// What text without a type stands for: a command-line argument, or a field of a line.
  ///
  /// An INTEGER or REAL when SQLite would print that number exactly so (`0`, `-5`, `1.5`,
  /// `1.0e+20`), or when XODB would (`1e+20`, `0.30000000000000004`, `9e999`), so that printed
  /// numbers come back. Everything else is TEXT: `02134`, `1e3`, `1.50`, `+1`, `Inf`, ` 1`.
  package init(literal text: UnsafeRawBufferPointer) {
    self = Self.number(text) ?? .text(Array(text))
  }

  /// What text without a type stands for.
  package init(literal text: String) {
    var text = text
    self = text.withUTF8 { Value(literal: UnsafeRawBufferPointer($0)) }
  }

  private static func number(_ text: UnsafeRawBufferPointer) -> Value? {
    guard let first = text.first, first == UInt8(ascii: "-") || isDigit(first),
      text.count <= maxNumeralLength, text.allSatisfy(isOfNumeral)
    else { return nil }
    let string = String(decoding: text, as: UTF8.self)
    if let integer = Int64(string) {
      return String(integer) == string ? .integer(integer) : nil
    }
    guard text.contains(UInt8(ascii: ".")) || text.contains(UInt8(ascii: "e")),
      let real = Double(string)
    else { return nil }
    var own = ByteBuffer()
    JSON.append(real, to: &own)
    if text.elementsEqual(own.bytes) { return .real(real) }
    // The 15 digits that SQLite prints of the largest number are more than it, and read as infinite.
    let limit = Double.greatestFiniteMagnitude
    let finite = max(-limit, min(real, limit))
    return text.elementsEqual(Numeral.sqliteText(finite)) ? .real(finite) : nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func isOfNumeral(_ byte: UInt8) -> Bool {
    isDigit(byte) || "+-.e".utf8.contains(byte)
  }
}
