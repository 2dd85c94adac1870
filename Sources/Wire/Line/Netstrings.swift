/// Reads byte strings that stand one after the other in one frame, each as a netstring: `5:hello,`.
///
/// To send many small ones so costs a fraction of what a frame for each does. The bytes must outlive
/// the reader.
package struct NetstringReader {
  /// No frame is longer than that says.
  private static let maxDigits = 10

  private let bytes: UnsafeRawBufferPointer
  /// Where the next one begins.
  package private(set) var offset = 0

  package init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  package var isAtEnd: Bool { offset == bytes.count }

  /// Reads the next one; there must be one.
  package mutating func next() throws(LineError) -> UnsafeRawBufferPointer {
    let start = offset
    var length = 0
    while offset < bytes.count, bytes[offset] &- UInt8(ascii: "0") < 10,
      offset - start < Self.maxDigits
    {
      length = length * 10 + Int(bytes[offset] &- UInt8(ascii: "0"))
      offset += 1
    }
    let digits = offset - start
    guard digits > 0, digits == 1 || bytes[start] != UInt8(ascii: "0"),
      offset < bytes.count, bytes[offset] == UInt8(ascii: ":"),
      bytes.count - offset - 2 >= length, bytes[offset + 1 + length] == UInt8(ascii: ",")
    else { throw LineError(why: "no netstring", offset: start) }
    let content = bytes.slice(offset + 1, offset + 1 + length)
    offset += length + 2
    return content
  }
}

extension ByteBuffer {
  /// What a byte string of so many bytes takes at most as a netstring.
  package static func netstringSize(_ count: Int) -> Int { count + Numeral.maxDigits + 2 }

  package mutating func append(netstring content: [UInt8]) {
    content.withUnsafeBytes { append(netstring: $0) }
  }

  /// Appends a byte string as a netstring.
  package mutating func append(netstring content: UnsafeRawBufferPointer) {
    append(atMost: Self.netstringSize(content.count)) { start in
      let end = Numeral.write(UInt64(content.count), to: start)
      end.pointee = UInt8(ascii: ":")
      let last = (end + 1).writing(content)
      last.pointee = UInt8(ascii: ",")
      return last + 1
    }
  }

  /// Appends a line as a netstring.
  package mutating func append(netstring line: Line) {
    line.withBytes { append(netstring: $0) }
  }
}
