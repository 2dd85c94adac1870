extension JSON {
  private static let blobStart: StaticString = #"{"$base64":true,"encoded":""#
  /// Of TEXT that is not UTF-8.
  private static let bytesStart: StaticString = #"{"$base64":true,"type":"text","encoded":""#
  private static let bytesEnd: StaticString = "\"}"

  /// Appends a value so that `Parameters(json:)` reads the same one.
  ///
  /// NaN, which SQLite does not store, is null.
  package static func append(_ value: Value, to output: inout ByteBuffer) {
    switch value {
    case .null: appendNull(to: &output)
    case .integer(let number): Numeral.append(number, to: &output)
    case .real(let number): append(number, to: &output)
    case .text(let bytes): bytes.withUnsafeBytes { appendText($0, to: &output) }
    case .blob(let bytes): bytes.withUnsafeBytes { appendBlob($0, to: &output) }
    }
  }

  static func appendNull(to output: inout ByteBuffer) {
    output.append("null")
  }

  /// Appends a number that reads as a REAL again: a finite one always with `.` or `e`, an
  /// infinity as one too large for a double.
  static func append(_ number: Double, to output: inout ByteBuffer) {
    guard !number.isFinite else { return Numeral.append(number, to: &output) }
    guard !number.isNaN else { return appendNull(to: &output) }
    if number < 0 { output.append(UInt8(ascii: "-")) }
    output.append(Numeral.infinity)
  }

  /// Appends TEXT: a string, or, when the bytes are not UTF-8, an object with these bytes.
  static func appendText(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    let start = output.count
    output.append(UInt8(ascii: "\""))
    let asciiCount = appendEscapedASCII(bytes, to: &output)
    if asciiCount < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[asciiCount...])
      guard UTF8.isValid(rest) else {
        output.truncate(to: start)
        output.append(bytesStart)
        Base64.append(bytes, to: &output)
        return output.append(bytesEnd)
      }
      appendEscaped(rest, to: &output)
    }
    output.append(UInt8(ascii: "\""))
  }

  /// How many bytes that are.
  static func size(ofText bytes: UnsafeRawBufferPointer) -> Int {
    guard !UTF8.isValid(bytes) else { return size(ofString: bytes) }
    return bytesStart.utf8CodeUnitCount + Base64.size(of: bytes.count) + bytesEnd.utf8CodeUnitCount
  }

  static func appendBlob(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
    output.append(blobStart)
    Base64.append(bytes, to: &output)
    output.append(bytesEnd)
  }

  /// How many bytes that are.
  static func size(ofBlob bytes: UnsafeRawBufferPointer) -> Int {
    blobStart.utf8CodeUnitCount + Base64.size(of: bytes.count) + bytesEnd.utf8CodeUnitCount
  }
}
