/// What is wrong with a line of values, and at which byte of it.
package struct TSVError: Error, Equatable, CustomStringConvertible {
  package let why: String
  package let offset: Int

  package var description: String { "\(why) at byte \(offset)" }
}

extension TSV {
  /// Reads a line, without its newline, as values to bind.
  ///
  /// `\N` is NULL, `\x…` a BLOB, every other field what `Value(literal:)` takes it for. A field
  /// with an escape is always TEXT, since no number contains what is escaped. So numbers come back
  /// as they were; TEXT that reads as a number comes back as the number.
  package static func values(_ line: UnsafeRawBufferPointer) throws(TSVError) -> [Value] {
    var values: [Value] = []
    var reader = ByteReader(line)
    while true {
      values.append(try value(&reader))
      guard reader.take(UInt8(ascii: "\t")) else { return values }
    }
  }

  /// Reads a line as the frame of positional parameters that these values are.
  package static func parameters(_ line: UnsafeRawBufferPointer) throws(TSVError) -> [UInt8] {
    // Most lines are one whole number, which is the same in both formats.
    if isWholeNumber(line) {
      return Array(unsafeUninitializedCapacity: line.count + 2) { frame, count in
        frame[0] = UInt8(ascii: "[")
        UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(frame)[1...])
          .copyMemory(from: line)
        frame[line.count + 1] = UInt8(ascii: "]")
        count = line.count + 2
      }
    }
    return Parameters.positional(try values(line)).json()
  }

  /// Whether the text is a number of less than 19 digits as it would be printed.
  private static func isWholeNumber(_ text: UnsafeRawBufferPointer) -> Bool {
    guard (1..<19).contains(text.count), text[0] != UInt8(ascii: "0") || text.count == 1
    else { return false }
    return text.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
  }

  private static func value(_ reader: inout ByteReader) throws(TSVError) -> Value {
    if reader.take("\\N") {
      guard isAtFieldEnd(reader) else {
        throw TSVError(why: "text after \\N", offset: reader.offset)
      }
      return .null
    }
    if reader.take("\\x") { return .blob(try hex(&reader)) }
    let start = reader.offset
    let plain = reader.take { $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\\") }
    guard !isAtFieldEnd(reader) else {
      return Value(literal: UnsafeRawBufferPointer(rebasing: plain))
    }
    return .text(Array(reader.bytes(since: start)) + (try escapedText(&reader)))
  }

  /// Reads the rest of a field, in which an escape comes next.
  private static func escapedText(_ reader: inout ByteReader) throws(TSVError) -> [UInt8] {
    var bytes: [UInt8] = []
    while !isAtFieldEnd(reader) {
      let offset = reader.offset
      _ = reader.next()
      switch reader.next() {
      case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
      case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
      case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
      default: throw TSVError(why: "an unknown escape", offset: offset)
      }
      bytes.append(
        contentsOf: reader.take { $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\\") })
    }
    return bytes
  }

  private static func hex(_ reader: inout ByteReader) throws(TSVError) -> [UInt8] {
    var bytes: [UInt8] = []
    while !isAtFieldEnd(reader) {
      let offset = reader.offset
      guard let high = reader.next().flatMap(Hex.value), let low = reader.next().flatMap(Hex.value)
      else { throw TSVError(why: "no two hex digits", offset: offset) }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func isAtFieldEnd(_ reader: ByteReader) -> Bool {
    reader.isAtEnd || reader.peek == UInt8(ascii: "\t")
  }
}
