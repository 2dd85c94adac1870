/// The one line of text with which every request, answer, event and statistic begins: a word, then
/// `key=value` pairs.
///
///     line   = word *( SP key "=" value )
///     value  = bare | JSON string
///
/// A bare value has no space, quote or control character; every other value is written as a JSON
/// string. Keys do not repeat. The text is UTF-8, without a newline at its end.
package struct Line: Equatable, Sendable {
  package struct Field: Equatable, Sendable {
    package let key: String
    package let value: String
  }

  /// What bounds a line that comes from outside, in bytes.
  package static let maxLength = 65_536
  /// What bounds its number of pairs.
  package static let maxFields = 64

  package let word: String
  package private(set) var fields: [Field] = []

  package init(_ word: String) {
    self.word = word
  }

  /// The value of a key, nil when the line does not have it.
  package subscript(key: String) -> String? {
    fields.first { $0.key == key }?.value
  }

  /// Adds a pair; a nil value adds nothing.
  package mutating func append(_ key: String, _ value: String?) {
    guard let value else { return }
    fields.append(Field(key: key, value: value))
  }

  /// Adds a pair with a whole number; nil adds nothing.
  package mutating func append(_ key: String, _ value: (some BinaryInteger)?) {
    guard let value else { return }
    append(key, String(value))
  }

  /// The line with one more pair; a nil value adds nothing.
  package func with(_ key: String, _ value: String?) -> Line {
    var line = self
    line.append(key, value)
    return line
  }

  /// The line with one more pair; nil adds nothing.
  package func with(_ key: String, _ value: (some BinaryInteger)?) -> Line {
    var line = self
    line.append(key, value)
    return line
  }

  /// The line with the pairs of another one behind its own.
  package func with(_ more: [Field]) -> Line {
    var line = self
    line.fields.append(contentsOf: more)
    return line
  }
}
