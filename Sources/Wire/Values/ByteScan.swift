/// Eight bytes at a time.
///
/// Marks of a word have the highest bit of each byte set that is meant. The first one is right; a byte
/// behind it may be marked by mistake.
enum ByteScan {
  /// What `copy` may write behind the last byte.
  static let slack = 7

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highBits: UInt64 = 0x8080_8080_8080_8080

  /// Bytes that are this one.
  @inline(__always)
  static func marks(_ word: UInt64, _ byte: UInt8) -> UInt64 {
    let difference = word ^ (ones &* UInt64(byte))
    return (difference &- ones) & ~difference & highBits
  }

  /// Bytes below this one, which is below 0x80.
  @inline(__always)
  static func marks(_ word: UInt64, below byte: UInt8) -> UInt64 {
    (word &- ones &* UInt64(byte)) & ~word & highBits
  }

  /// Bytes from 0x7f on: DEL, and what is not ASCII.
  @inline(__always)
  static func marksFromDelete(_ word: UInt64) -> UInt64 {
    (word | (word &+ ones)) & highBits
  }

  /// Copies bytes up to the first one that is marked; all when there is none.
  ///
  /// - Parameter target: with room for `slack` bytes more than there are.
  /// - Returns: how many bytes are before that.
  @inline(__always)
  static func copy(
    _ source: UnsafeRawPointer, count: Int, to target: UnsafeMutablePointer<UInt8>,
    until marks: (UInt64) -> UInt64
  ) -> Int {
    let target = UnsafeMutableRawPointer(target)
    var index = 0
    while index + 8 <= count {
      let word = source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
      let found = marks(UInt64(littleEndian: word))
      guard found == 0 else { return index + found.trailingZeroBitCount / 8 }
      index += 8
    }
    let rest = count - index
    guard rest > 0 else { return count }
    let word = tail(source + index, rest)
    target.storeBytes(of: word.littleEndian, toByteOffset: index, as: UInt64.self)
    // What is behind the end is no byte.
    let found = marks(word) & (~0 >> UInt64(64 - 8 * rest))
    return found == 0 ? count : index + found.trailingZeroBitCount / 8
  }

  /// Fewer than eight bytes, the first one lowest.
  @inline(__always)
  private static func tail(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt64 {
    func load<Word: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _: Word.Type) -> UInt64 {
      UInt64(Word(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Word.self)))
    }
    // Two that overlap.
    if count >= 4 {
      return load(0, UInt32.self) | load(count - 4, UInt32.self) << UInt64(8 * (count - 4))
    }
    let first = load(0, UInt8.self)
    guard count > 1 else { return first }
    return first | load(count / 2, UInt8.self) << UInt64(8 * (count / 2))
      | load(count - 1, UInt8.self) << UInt64(8 * (count - 1))
  }
}
