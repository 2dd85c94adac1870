/// Reads bytes from front to back. The bytes must outlive it.
package struct ByteReader {
  private let bytes: UnsafeRawBufferPointer

  /// Where the next byte is.
  package private(set) var offset: Int

  package init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  package var isAtEnd: Bool { offset == bytes.count }

  /// The next byte, nil at the end.
  package var peek: UInt8? { isAtEnd ? nil : bytes[offset] }

  /// Reads the next byte, nil at the end.
  package mutating func next() -> UInt8? {
    guard let byte = peek else { return nil }
    offset += 1
    return byte
  }

  /// Reads the next byte if it is this one.
  package mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    offset += 1
    return true
  }

  /// Reads a word if it comes next.
  package mutating func take(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard bytes.count - offset >= count else { return false }
    for index in 0..<count where bytes[offset + index] != word.utf8Start[index] { return false }
    offset += count
    return true
  }

  /// Reads the bytes that come next and satisfy the predicate.
  package mutating func take(
    while predicate: (UInt8) -> Bool
  ) -> Slice<UnsafeRawBufferPointer> {
    let start = offset
    while offset < bytes.count && predicate(bytes[offset]) { offset += 1 }
    return bytes[start..<offset]
  }

  /// The bytes that have been read since an offset.
  package func bytes(since start: Int) -> Slice<UnsafeRawBufferPointer> {
    bytes[start..<offset]
  }
}
