#if canImport(Glibc)
private import Glibc
#endif

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
    let word = try take(until: Self.keyMarks, while: Self.isKey)
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
    let key = try take(until: Self.keyMarks, while: Self.isKey)
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
      return LineValue(
        try take(until: { Self.bareMarks($0) | ByteScan.marksFromDelete($0) }, while: Self.isBare))
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
  ///
  /// - Parameter marks: of bytes that do not, and of all that are not ASCII; see `ByteScan`.
  @inline(__always)
  private mutating func take(
    until marks: (UInt64) -> UInt64, while predicate: (UInt8) -> Bool
  ) throws(LineError) -> UnsafeRawBufferPointer {
    let start = offset
    let count = bytes.count
    var end = start
    while end + 8 <= count {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt64.self))
      let found = marks(word)
      end += found == 0 ? 8 : found.trailingZeroBitCount / 8
      if found != 0 { break }
    }
    while end < count, bytes[end] < 0x80, predicate(bytes[end]) { end += 1 }
    offset = end
    guard end == count || bytes[end] < 0x80 else {
      return try takeAny(since: start, while: predicate)
    }
    return bytes.slice(start, end)
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

  /// Bytes that may not stand in a value without quotes.
  @inline(__always)
  static func bareMarks(_ word: UInt64) -> UInt64 {
    ByteScan.marks(word, below: 0x21) | ByteScan.marks(word, UInt8(ascii: "\""))
      | ByteScan.marks(word, 0x7f)
  }

  @inline(__always)
  private static func keyMarks(_ word: UInt64) -> UInt64 {
    ByteScan.marks(word, below: 0x21) | ByteScan.marks(word, UInt8(ascii: "\""))
      | ByteScan.marks(word, UInt8(ascii: "=")) | ByteScan.marksFromDelete(word)
  }

  /// Whether a byte may stand in a value without quotes.
  @inline(__always)
  static func isBare(_ byte: UInt8) -> Bool {
    // All that can be seen from '#' on, at a look.
    byte &- 0x23 < 0x7f &- 0x23 || byte >= 0x80 || byte == UInt8(ascii: "!")
  }

  /// Where bytes end that may stand in a value without quotes and are ASCII.
  static func bareEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    var end = start
    while end + 8 <= bytes.count {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt64.self))
      let found = bareMarks(word) | ByteScan.marksFromDelete(word)
      guard found == 0 else { return end + found.trailingZeroBitCount / 8 }
      end += 8
    }
    while end < bytes.count, bytes[end] < 0x80, isBare(bytes[end]) { end += 1 }
    return end
  }

  /// Whether a byte may stand in a word, or in a key.
  @inline(__always)
  private static func isKey(_ byte: UInt8) -> Bool {
    isBare(byte) && byte != UInt8(ascii: "=")
  }
}

extension UnsafeRawBufferPointer {
  /// The bytes from one index to another, which must be in order and within bounds.
  @inline(__always)
  func slice(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
    assert(0 <= start && start <= end && end <= count)
    return UnsafeRawBufferPointer(start: baseAddress.map { $0 + start }, count: end - start)
  }

  /// Whether two have the same bytes.
  package func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    guard let start = baseAddress, let otherStart = other.baseAddress else { return true }
    return memcmp(start, otherStart, count) == 0
  }
}
