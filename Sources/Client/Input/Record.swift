/// One piece of the input: a statement, or a line.
package struct Record: Equatable, Sendable {
  package enum Content: Equatable, Sendable {
    case text([UInt8])
    /// It cannot be sent, for this reason.
    case unusable(String)
  }

  package let place: Place
  package let content: Content

  package init(_ place: Place, _ content: Content) {
    self.place = place
    self.content = content
  }
}

/// Cuts an input into records as it comes.
package protocol Splitter {
  /// Reads on in the chunk from `position` to the end of the next record, or of the chunk, to which
  /// it then returns nil.
  mutating func next(in chunk: UnsafeRawBufferPointer, _ position: inout Int) -> Record?

  /// Where the record stands of which a part has been read; nil when there is none.
  var begun: Place? { get }

  /// What is left at the end of the input.
  mutating func finish() -> Record?
}

extension Record {
  /// The longest record, in bytes.
  package static let maxLength = 1 << 20

  /// What some programs begin a text with to say that it is UTF-8; none of the text.
  static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
}
