/// A line where it lies, in somebody's bytes, which must outlive it, with a table of its pairs: what
/// is looked up is read from there.
package struct LineView {
  /// Where key and value of a pair end.
  private struct Ends {
    let key: UInt32
    let value: UInt32
  }

  private let bytes: UnsafeRawBufferPointer
  private let wordEnd: Int
  private var count = 0
  /// The first pairs, which mostly are all. The others are read again when they are asked for.
  private var table = InlineArray<12, Ends>(repeating: Ends(key: 0, value: 0))
  /// Where in the table the key stands that has a mark, counted from 1; 0 for none. See `mark`.
  private var places = InlineArray<64, UInt8>(repeating: 0)
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
    while let key = try scanner.key() {
      let end = scanner.offset - 1
      let mark = Self.mark(key)
      guard places[mark] == 0 || find(key, mark) == nil else {
        throw LineError(why: "\(String(ofValid: key)) given twice", offset: end - key.count)
      }
      guard count < Line.maxFields else {
        throw LineError(why: "more than \(Line.maxFields) pairs", offset: end - key.count)
      }
      isCanonical = try scanner.value().isCanonical && isCanonical
      if count < table.count {
        table[count] = Ends(key: UInt32(end), value: UInt32(scanner.offset))
      }
      count += 1
      if places[mark] == 0 { places[mark] = UInt8(truncatingIfNeeded: count) }
    }
  }

  /// One of 64 for a key, which others may have as well.
  @inline(__always)
  private static func mark(_ key: UnsafeRawBufferPointer) -> Int {
    Int((key[0] ^ key[key.count - 1] &* 5 ^ UInt8(truncatingIfNeeded: key.count)) & 63)
  }

  /// As it lies there.
  var content: UnsafeRawBufferPointer { bytes }

  package var word: String { String(ofValid: bytes.slice(0, wordEnd)) }

  package func isWord(_ word: StaticString) -> Bool { bytes.slice(0, wordEnd).isEqual(to: word) }

  /// The value of a key, nil when the line does not have it.
  package subscript(key: StaticString) -> LineValue? {
    let key = UnsafeRawBufferPointer(key)
    let mark = Self.mark(key)
    return places[mark] == 0 ? nil : find(key, mark)
  }

  /// - Parameter mark: the key's, which some key has.
  private func find(_ key: UnsafeRawBufferPointer, _ mark: Int) -> LineValue? {
    // That is the first one with this mark.
    let first = Int(places[mark]) - 1
    for index in first..<max(first, min(count, table.count)) {
      let start = index == 0 ? wordEnd : Int(table[index - 1].value)
      let ends = table[index]
      if bytes.slice(start + 1, Int(ends.key)).isEqual(to: key) {
        return LineValue(bytes.slice(Int(ends.key) + 1, Int(ends.value)))
      }
    }
    guard count > table.count else { return nil }
    return find(key, after: Int(table[table.count - 1].value))
  }

  private func find(_ key: UnsafeRawBufferPointer, after start: Int) -> LineValue? {
    var scanner = LineScanner(bytes, at: start)
    for _ in table.count..<count {
      // They were read before.
      guard let next = try? scanner.key(), let value = try? scanner.value() else { return nil }
      if next.isEqual(to: key) { return value }
    }
    return nil
  }

  /// The line in bytes of its own, as it would be written.
  package var line: Line {
    guard !isCanonical else { return Line(bytes: bytes, wordEnd: wordEnd) }
    var line = Line(word)
    var scanner = LineScanner(bytes, at: wordEnd)
    while let key = try? scanner.key(), let value = try? scanner.value() {
      line.append(key: String(ofValid: key), value.text)
    }
    return line
  }
}
