/// A line where it lies, in somebody's bytes, which must outlive it, with a table of its pairs: what
/// is looked up is read from there.
package struct LineView {
  /// Where key and value of a pair end.
  private struct Ends {
    let key: UInt32
    let value: UInt32
  }

  /// The pairs for which the table has room from the start.
  private static let usualFields = 16

  private let bytes: UnsafeRawBufferPointer
  private let wordEnd: Int
  private var table: [Ends] = []
  /// Whether it would be written with the same bytes.
  private var isCanonical = true

  /// Reads a line as it travels.
  package init(parsing bytes: UnsafeRawBufferPointer) throws(LineError) {
    guard bytes.count <= Line.maxLength else {
      throw LineError(why: "more than \(Line.maxLength) bytes", offset: Line.maxLength)
    }
    try self.init(own: bytes)
  }

  /// Reads a line of any length.
  init(own bytes: UnsafeRawBufferPointer) throws(LineError) {
    var scanner = LineScanner(bytes)
    let wordEnd = try scanner.word().count
    self.bytes = bytes
    self.wordEnd = wordEnd
    table.reserveCapacity(Self.usualFields)
    while let key = try scanner.key() {
      let end = scanner.offset - 1
      guard find(key) == nil else {
        throw LineError(why: "\(String(ofValid: key)) given twice", offset: end - key.count)
      }
      guard table.count < Line.maxFields else {
        throw LineError(why: "more than \(Line.maxFields) pairs", offset: end - key.count)
      }
      isCanonical = try scanner.value().isCanonical && isCanonical
      table.append(Ends(key: UInt32(end), value: UInt32(scanner.offset)))
    }
  }

  package var word: String { String(ofValid: bytes.slice(0, wordEnd)) }

  package func isWord(_ word: StaticString) -> Bool { bytes.slice(0, wordEnd).isEqual(to: word) }

  /// The value of a key, nil when the line does not have it.
  package subscript(key: StaticString) -> LineValue? {
    let key = UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
    return find(key)
  }

  @inline(__always)
  private func find(_ key: UnsafeRawBufferPointer) -> LineValue? {
    var start = wordEnd
    for ends in table {
      if bytes.slice(start + 1, Int(ends.key)).isEqual(to: key) {
        return LineValue(bytes.slice(Int(ends.key) + 1, Int(ends.value)))
      }
      start = Int(ends.value)
    }
    return nil
  }

  /// The line in bytes of its own, as it would be written.
  package var line: Line {
    guard !isCanonical else { return Line(bytes: Array(bytes), wordEnd: wordEnd) }
    var line = Line(word)
    var start = wordEnd
    for ends in table {
      line.append(
        String(ofValid: bytes.slice(start + 1, Int(ends.key))),
        LineValue(bytes.slice(Int(ends.key) + 1, Int(ends.value))).text)
      start = Int(ends.value)
    }
    return line
  }
}

extension UnsafeRawBufferPointer {
  @inline(__always)
  fileprivate func slice(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: self[start..<end])
  }

  @inline(__always)
  fileprivate func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    for index in 0..<count where self[index] != other[index] { return false }
    return true
  }
}
