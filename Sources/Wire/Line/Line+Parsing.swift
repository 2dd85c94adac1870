/// What is wrong with a line, and at which byte.
package struct LineError: Error, Equatable, CustomStringConvertible {
  package let why: String
  package let offset: Int

  package init(why: String, offset: Int) {
    self.why = why
    self.offset = offset
  }

  package var description: String { "\(why) at byte \(offset) of the line" }
}

extension Line {
  /// Reads a line as it travels.
  package init(parsing bytes: UnsafeRawBufferPointer) throws(LineError) {
    guard bytes.count <= Self.maxLength else {
      throw LineError(why: "more than \(Self.maxLength) bytes", offset: Self.maxLength)
    }
    var reader = ByteReader(bytes)
    let word = reader.take(while: Self.isKey)
    guard !word.isEmpty else { throw LineError(why: "no word", offset: 0) }
    self.init(try Self.text(word, at: 0))
    while !reader.isAtEnd {
      let start = reader.offset
      guard reader.take(UInt8(ascii: " ")) else {
        throw LineError(why: "no space before a key", offset: start)
      }
      let key = try Self.text(reader.take(while: Self.isKey), at: start + 1)
      guard !key.isEmpty, reader.take(UInt8(ascii: "=")) else {
        throw LineError(why: "no key=value", offset: start + 1)
      }
      guard self[key] == nil else {
        throw LineError(why: "\(key) given twice", offset: start + 1)
      }
      guard fields.count < Self.maxFields else {
        throw LineError(why: "more than \(Self.maxFields) pairs", offset: start + 1)
      }
      append(key, try Self.value(&reader))
    }
  }

  /// Reads a line from bytes of our own.
  package init(parsing bytes: [UInt8]) throws(LineError) {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(LineError) in try Line(parsing: bytes) }
    }
    self = try result.get()
  }

  private static func value(_ reader: inout ByteReader) throws(LineError) -> String {
    let start = reader.offset
    guard reader.peek == UInt8(ascii: "\"") else {
      return try text(reader.take(while: isBare), at: start)
    }
    let bytes: [UInt8]
    do throws(JSONError) {
      bytes = try JSON.string(&reader)
    } catch {
      throw LineError(why: error.why, offset: error.offset)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw LineError(why: "not UTF-8", offset: start)
    }
    return text
  }

  private static func text(
    _ bytes: Slice<UnsafeRawBufferPointer>, at offset: Int
  ) throws(LineError) -> String {
    let bytes = UnsafeRawBufferPointer(rebasing: bytes)
    guard bytes.allSatisfy({ $0 < 0x80 }) else {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw LineError(why: "not UTF-8", offset: offset)
      }
      return text
    }
    // The validating initializer took a fifth of a client's time, for text that is always valid.
    return String(unsafeUninitializedCapacity: bytes.count) { buffer in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
      return bytes.count
    }
  }
}
