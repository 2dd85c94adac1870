/// Several requests in one message, and so the answers to them:
///
///     MANY                            "", MANY
///     netstrings: line, SQL, parameters of each request     netstrings: line, rows of each answer
///
/// Whoever sends so says that it can take so; each request is one by itself for all that.
package enum Packed {
  package static let line = Line("MANY")
  /// What has so many bytes, beside its line, travels alone: there it is not copied.
  package static let largeSize = 8192
  /// The most bytes of netstrings in one message.
  package static let maxSize = 65_536
  /// The most requests in one message.
  package static let maxRequests = 1024

  private static let word: StaticString = "MANY"

  package static func isWord(of line: LineView) -> Bool { line.isWord(word) }

  /// Whether a line that is not read yet may have that word.
  package static func mayBegin(_ line: UnsafeRawBufferPointer) -> Bool {
    line.count >= word.utf8CodeUnitCount && line[0] == word.utf8Start[0]
  }
}
