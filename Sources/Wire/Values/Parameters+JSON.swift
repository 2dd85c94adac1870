extension Parameters {
  /// Reads a frame: a JSON array for positional parameters, an object for named ones; an empty
  /// frame for none.
  ///
  /// There are `maxCount` at most. Keys do not repeat. What a value may be, `JSON.value` says.
  package init(json frame: UnsafeRawBufferPointer) throws(JSONError) {
    guard !frame.isEmpty else {
      self = .none
      return
    }
    var reader = ByteReader(frame)
    JSON.skipSpace(&reader)
    switch reader.peek {
    case UInt8(ascii: "["): self = .positional(try Self.positional(&reader))
    case UInt8(ascii: "{"): self = .named(try Self.named(&reader))
    default: throw JSONError(why: "neither an array nor an object", offset: reader.offset)
    }
    JSON.skipSpace(&reader)
    guard reader.isAtEnd else {
      throw JSONError(why: "more than one value", offset: reader.offset)
    }
  }

  private static func positional(_ reader: inout ByteReader) throws(JSONError) -> [Value] {
    var values: [Value] = []
    try JSON.elements(&reader) { reader throws(JSONError) in
      try checkRoom(values.count, reader)
      values.append(try JSON.value(&reader))
    }
    return values
  }

  private static func named(
    _ reader: inout ByteReader
  ) throws(JSONError) -> [(name: String, value: Value)] {
    var values: [(name: String, value: Value)] = []
    // By bytes: to `String`, two spellings of one character are equal, to SQLite they are not.
    var names: Set<[UInt8]> = []
    try JSON.members(&reader) { name, reader throws(JSONError) in
      try checkRoom(values.count, reader)
      guard names.insert(Array(name.utf8)).inserted else {
        throw JSONError(why: "'\(name)' given twice, the second time", offset: reader.offset)
      }
      values.append((name, try JSON.value(&reader)))
    }
    return values
  }

  private static func checkRoom(_ count: Int, _ reader: ByteReader) throws(JSONError) {
    guard count < maxCount else {
      throw JSONError(why: "more than \(maxCount) values", offset: reader.offset)
    }
  }

  /// The parameters as a frame, which reads as the same ones.
  package func json() -> [UInt8] {
    var output = ByteBuffer()
    switch self {
    case .positional(let values):
      output.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        JSON.append(value, to: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .named(let values):
      output.append(UInt8(ascii: "{"))
      for (index, item) in values.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        var name = item.name
        name.withUTF8 { JSON.appendString(UnsafeRawBufferPointer($0), to: &output) }
        output.append(UInt8(ascii: ":"))
        JSON.append(item.value, to: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
    return Array(output)
  }
}
