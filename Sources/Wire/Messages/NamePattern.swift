#if canImport(Glibc)
private import Glibc
#endif

/// A name, or a pattern where `*` stands for any characters, none included. It is compared in UTF-8, as names
/// are.
struct NamePattern: Hashable {
  private static let star = UInt8(ascii: "*")

  private let bytes: [UInt8]
  /// What stands before the first star, between them and behind the last one; what is empty in between is
  /// left out. Of a name, all of it.
  private let pieces: [[UInt8]]
  /// The shortest name that it can match, in bytes.
  private let least: Int

  init(_ bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
    let pieces = self.bytes.split(separator: Self.star, omittingEmptySubsequences: false)
    self.pieces = pieces.enumerated().filter { index, piece in
      index == 0 || index == pieces.count - 1 || !piece.isEmpty
    }.map { Array($1) }
    least = self.pieces.reduce(0) { $0 + $1.count }
  }

  /// Whether it has a star.
  var hasStar: Bool { pieces.count > 1 }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether it matches a whole name. What stands between two stars is taken where it comes first: that leaves
  /// most for the rest, so no other place has to be tried.
  func matches(_ name: String) -> Bool {
    var name = name
    return name.withUTF8 { matches(UnsafeRawBufferPointer($0)) }
  }

  private func matches(_ name: UnsafeRawBufferPointer) -> Bool {
    guard name.count >= least, let first = pieces.first, let last = pieces.last else {
      return false
    }
    guard hasStar else { return name.elementsEqual(first) }
    guard name.starts(with: first), name.suffix(last.count).elementsEqual(last) else {
      return false
    }
    guard pieces.count > 2, var place = name.baseAddress?.advanced(by: first.count) else {
      return pieces.count == 2
    }
    var left = name.count - first.count - last.count
    for piece in pieces[1..<(pieces.count - 1)] {
      guard let found = Self.find(piece, at: place, left) else { return false }
      left -= found + piece.count - place
      place = found + piece.count
    }
    return true
  }

  /// Where a piece comes first among so many bytes.
  private static func find(
    _ piece: [UInt8], at start: UnsafeRawPointer, _ count: Int
  ) -> UnsafeRawPointer? {
    var place = start
    // Where it would have to begin before.
    let end = start + (count - piece.count + 1)
    while place < end, let found = memchr(place, Int32(piece[0]), end - place) {
      if memcmp(found, piece, piece.count) == 0 { return UnsafeRawPointer(found) }
      place = UnsafeRawPointer(found) + 1
    }
    return nil
  }
}
