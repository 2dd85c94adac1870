extension JSON {
  /// Reads a value to bind: null, a boolean (as 1 or 0), a number, a string, or an object that
  /// carries bytes.
  ///
  /// A number without fraction and exponent is an INTEGER and must fit 64 bits, any other the
  /// nearest REAL, which is an infinity when it is too large.
  static func value(_ reader: inout ByteReader) throws(JSONError) -> Value {
    let start = reader.offset
    switch reader.peek {
    case UInt8(ascii: "\""): return .text(try text(&reader))
    case UInt8(ascii: "{"): return try bytes(&reader)
    case UInt8(ascii: "["): throw JSONError(why: "an array within the parameters", offset: start)
    case UInt8(ascii: "n") where reader.take("null"): return .null
    case UInt8(ascii: "t") where reader.take("true"): return .integer(1)
    case UInt8(ascii: "f") where reader.take("false"): return .integer(0)
    case .some(let byte) where isDigit(byte) || byte == UInt8(ascii: "-"):
      return try number(&reader)
    case nil: throw JSONError(why: "the end instead of a value", offset: start)
    default: throw JSONError(why: "no value", offset: start)
    }
  }

  /// Reads a string that must be UTF-8.
  static func text(_ reader: inout ByteReader) throws(JSONError) -> [UInt8] {
    let start = reader.offset
    let bytes = try string(&reader)
    guard bytes.withUnsafeBytes(UTF8.isValid) else {
      throw JSONError(why: "a string that is not UTF-8", offset: start)
    }
    return bytes
  }

  private static func number(_ reader: inout ByteReader) throws(JSONError) -> Value {
    let start = reader.offset
    let isNegative = reader.take(UInt8(ascii: "-"))
    let digits = try digits(&reader)
    if digits.count > 1, digits.first == UInt8(ascii: "0") {
      throw JSONError(why: "a number with a leading zero", offset: start)
    }
    guard let next = reader.peek,
      next == UInt8(ascii: ".") || next == UInt8(ascii: "e") || next == UInt8(ascii: "E")
    else {
      guard let integer = integer(digits, isNegative: isNegative) else {
        throw JSONError(why: "a whole number beyond 64 bits", offset: start)
      }
      return .integer(integer)
    }
    if reader.take(UInt8(ascii: ".")) { _ = try self.digits(&reader) }
    if reader.take(UInt8(ascii: "e")) || reader.take(UInt8(ascii: "E")) {
      if !reader.take(UInt8(ascii: "+")) { _ = reader.take(UInt8(ascii: "-")) }
      _ = try self.digits(&reader)
    }
    guard let real = Double(String(decoding: reader.bytes(since: start), as: UTF8.self)) else {
      throw JSONError(why: "no number", offset: start)
    }
    return .real(real)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func digits(
    _ reader: inout ByteReader
  ) throws(JSONError) -> Slice<UnsafeRawBufferPointer> {
    let digits = reader.take(while: isDigit)
    guard !digits.isEmpty else { throw JSONError(why: "no digit", offset: reader.offset) }
    return digits
  }

  private static func integer(
    _ digits: Slice<UnsafeRawBufferPointer>, isNegative: Bool
  ) -> Int64? {
    var magnitude: UInt64 = 0
    for digit in digits {
      let (product, isTooLarge) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carries) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
      if isTooLarge || carries { return nil }
      magnitude = sum
    }
    guard isNegative else { return Int64(exactly: magnitude) }
    if magnitude == Int64.min.magnitude { return .min }
    return Int64(exactly: magnitude).map { -$0 }
  }

  /// Reads `{"$base64":true,"encoded":"…"}`, a BLOB; with `"type":"text"` TEXT of these bytes.
  private static func bytes(_ reader: inout ByteReader) throws(JSONError) -> Value {
    let start = reader.offset
    var isMarked = false
    var isText = false
    var encoded: [UInt8]?
    try members(&reader) { key, reader throws(JSONError) in
      let offset = reader.offset
      switch key {
      case "$base64" where !isMarked && reader.take("true"): isMarked = true
      case "type" where !isText && reader.take("\"text\""): isText = true
      case "encoded" where encoded == nil:
        guard let bytes = Base64.decode(try text(&reader)) else {
          throw JSONError(why: "no base64", offset: offset)
        }
        encoded = bytes
      default:
        throw JSONError(why: "an object that does not carry bytes", offset: start)
      }
    }
    guard isMarked, let encoded else {
      throw JSONError(why: "an object that does not carry bytes", offset: start)
    }
    return isText ? .text(encoded) : .blob(encoded)
  }
}
