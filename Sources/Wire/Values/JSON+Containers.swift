extension JSON {
  /// Reads an array, calling `element` at the start of each of its elements.
  static func elements(
    _ reader: inout ByteReader, _ element: (inout ByteReader) throws(JSONError) -> Void
  ) throws(JSONError) {
    try items(&reader, from: "[", to: "]", element)
  }

  /// Reads an object, calling `member` with each key, at the start of its value.
  static func members(
    _ reader: inout ByteReader, _ member: (String, inout ByteReader) throws(JSONError) -> Void
  ) throws(JSONError) {
    try items(&reader, from: "{", to: "}") { reader throws(JSONError) in
      guard reader.peek == UInt8(ascii: "\"") else {
        throw JSONError(why: "no key", offset: reader.offset)
      }
      // `text` has made sure that it is UTF-8.
      let key = String(decoding: try text(&reader), as: UTF8.self)
      skipSpace(&reader)
      guard reader.take(UInt8(ascii: ":")) else {
        throw JSONError(why: "no colon", offset: reader.offset)
      }
      skipSpace(&reader)
      try member(key, &reader)
    }
  }

  private static func items(
    _ reader: inout ByteReader, from open: Unicode.Scalar, to close: Unicode.Scalar,
    _ item: (inout ByteReader) throws(JSONError) -> Void
  ) throws(JSONError) {
    guard reader.take(UInt8(ascii: open)) else {
      throw JSONError(why: "no \(open)", offset: reader.offset)
    }
    skipSpace(&reader)
    if reader.take(UInt8(ascii: close)) { return }
    while true {
      skipSpace(&reader)
      try item(&reader)
      skipSpace(&reader)
      if reader.take(UInt8(ascii: close)) { return }
      guard reader.take(UInt8(ascii: ",")) else {
        throw JSONError(why: "no comma and no \(close)", offset: reader.offset)
      }
    }
  }
}
