/// Reads a line from front to back: its word, then key and value of pair after pair. The bytes must
/// outlive it.
struct LineScanner {
  private let bytes: UnsafeRawBufferPointer
  private(set) var offset: Int

  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  /// Reads the word.
  mutating func word() throws(LineError) -> UnsafeRawBufferPointer {
    let word = try take(while: Self.isKey)
    guard !word.isEmpty else { throw LineError(why: "no word", offset: 0) }
    return word
  }

  /// Reads the next pair's key and what is around it, nil at the end.
  @inline(__always)
  mutating func key() throws(LineError) -> UnsafeRawBufferPointer? {
    guard offset < bytes.count else { return nil }
    guard bytes[offset] == UInt8(ascii: " ") else {
      throw LineError(why: "no space before a key", offset: offset)
    }
    offset += 1
    let start = offset
    let key = try take(while: Self.isKey)
    guard !key.isEmpty, offset < bytes.count, bytes[offset] == UInt8(ascii: "=") else {
      throw LineError(why: "no key=value", offset: start)
    }
    offset += 1
    return key
  }

  /// Reads the value of the key that was read before.
  @inline(__always)
  mutating func value() throws(LineError) -> LineValue {
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
      return LineValue(try take(while: Self.isBare))
    }
    return try quoted()
  }

  private mutating func quoted() throws(LineError) -> LineValue {
    let start = offset
    var reader = ByteReader(bytes, at: offset)
    let text: [UInt8]
    do throws(JSONError) {
      text = try JSON.string(&reader)
    } catch {
      throw LineError(why: error.why, offset: error.offset)
    }
    guard text.withUnsafeBytes(UTF8.isValid) else {
      throw LineError(why: "not UTF-8", offset: start)
    }
    offset = reader.offset
    return LineValue(UnsafeRawBufferPointer(rebasing: bytes[start..<offset]))
  }

  /// Reads the bytes that come next and satisfy the predicate, which must be UTF-8.
  @inline(__always)
  private mutating func take(
    while predicate: (UInt8) -> Bool
  ) throws(LineError) -> UnsafeRawBufferPointer {
    let start = offset
    while offset < bytes.count, Self.isPrinted(bytes[offset]), predicate(bytes[offset]) {
      offset += 1
    }
    guard offset == bytes.count || bytes[offset] < 0x80 else {
      return try takeAny(since: start, while: predicate)
    }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
  }

  /// The same from a byte on that is not ASCII.
  private mutating func takeAny(
    since start: Int, while predicate: (UInt8) -> Bool
  ) throws(LineError) -> UnsafeRawBufferPointer {
    while offset < bytes.count, predicate(bytes[offset]) { offset += 1 }
    let taken = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
    guard UTF8.isValid(taken) else { throw LineError(why: "not UTF-8", offset: start) }
    return taken
  }

  /// Whether a byte may stand in a value without quotes.
  static func isBare(_ byte: UInt8) -> Bool {
    isPrinted(byte) && byte != UInt8(ascii: "\"") || byte >= 0x80
  }

  /// Whether a byte may stand in a word, or in a key.
  private static func isKey(_ byte: UInt8) -> Bool {
    isBare(byte) && byte != UInt8(ascii: "=")
  }

  /// Whether a byte is a character that can be seen.
  private static func isPrinted(_ byte: UInt8) -> Bool { byte &- 0x21 < 0x7f &- 0x21 }
}
