/// The one line of text with which every request, answer, event and statistic begins: a word, then
/// `key=value` pairs.
///
///     line   = word *( SP key "=" value )
///     value  = bare | JSON string
///
/// A bare value has no space, quote or control character; every other value is written as a JSON
/// string. Keys do not repeat. The text is UTF-8, without a newline at its end.
///
/// It is kept as it travels, so two that say the same in the same order are equal.
package struct Line: Equatable, Sendable {
  package struct Field: Equatable, Sendable {
    package let key: String
    package let value: String
  }

  /// What bounds a line that comes from outside, in bytes.
  package static let maxLength = 65_536
  /// What bounds its number of pairs.
  package static let maxFields = 64
  /// The bytes for which a line that is written has room from the start.
  static let usualLength = 128

  var bytes: LineBytes
  let wordEnd: Int

  package init(_ word: String) {
    var word = word
    self = word.withUTF8 { Line(bytes: UnsafeRawBufferPointer($0), wordEnd: $0.count) }
  }

  /// A line as it was written: the word, and the pairs behind it.
  init(bytes text: UnsafeRawBufferPointer, wordEnd: Int) {
    bytes = LineBytes(capacity: max(text.count, Self.usualLength))
    bytes.append(contentsOf: text)
    self.wordEnd = wordEnd
  }

  package var word: String {
    bytes.withUnsafeBytes { String(decoding: $0[..<wordEnd], as: UTF8.self) }
  }

  /// The pairs, in order.
  package var fields: Fields { Fields(line: self) }

  /// The value of a key, nil when the line does not have it.
  package subscript(key: String) -> String? {
    fields.first { $0.key == key }?.value
  }
}

extension Line {
  /// The pairs of a line.
  package struct Fields: Sequence {
    fileprivate let line: Line

    package struct Iterator: IteratorProtocol {
      fileprivate let line: Line
      fileprivate var offset: Int

      package mutating func next() -> Field? {
        line.bytes.withUnsafeBytes { bytes in
          var scanner = LineScanner(bytes, at: offset)
          guard let key = try? scanner.key(), let value = try? scanner.value() else { return nil }
          offset = scanner.offset
          return Field(key: String(decoding: key, as: UTF8.self), value: value.text)
        }
      }
    }

    package func makeIterator() -> Iterator { Iterator(line: line, offset: line.wordEnd) }

    package var count: Int { reduce(0) { count, _ in count + 1 } }

    /// As they travel, with the space in front.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
      line.bytes.withUnsafeBytes {
        body(UnsafeRawBufferPointer(rebasing: $0[line.wordEnd...]))
      }
    }
  }
}
