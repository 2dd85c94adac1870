extension JSON {
  /// Appends a value so that `Parameters(json:)` reads the same one.
  ///
  /// NaN, which SQLite does not store, is null.
  package static func append(_ value: Value, to output: inout [UInt8]) {
    switch value {
    case .null: appendNull(to: &output)
    case .integer(let number): Numeral.append(number, to: &output)
    case .real(let number): append(number, to: &output)
    case .text(let bytes): bytes.withUnsafeBytes { appendText($0, to: &output) }
    case .blob(let bytes): bytes.withUnsafeBytes { appendBlob($0, to: &output) }
    }
  }

  static func appendNull(to output: inout [UInt8]) {
    output.append("null")
  }

  /// Appends a number that reads as a REAL again: a finite one always with `.` or `e`, an
  /// infinity as one too large for a double.
  static func append(_ number: Double, to output: inout [UInt8]) {
    guard !number.isNaN else { return appendNull(to: &output) }
    guard number.isInfinite else { return Numeral.append(number, to: &output) }
    if number < 0 { output.append(UInt8(ascii: "-")) }
    output.append(Numeral.infinity)
  }

  /// Appends TEXT: a string, or, when the bytes are not UTF-8, an object with these bytes.
  static func appendText(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    guard UTF8.isValid(bytes) else {
      output.append(#"{"$base64":true,"type":"text","encoded":""#)
      Base64.append(bytes, to: &output)
      return output.append("\"}")
    }
    appendString(bytes, to: &output)
  }

  static func appendBlob(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    output.append(#"{"$base64":true,"encoded":""#)
    Base64.append(bytes, to: &output)
    output.append("\"}")
  }
}
