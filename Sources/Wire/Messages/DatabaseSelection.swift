/// Several databases by one `db=`: names and patterns between commas, where `*` stands for any
/// characters, none included.
///
///     logs-*          a,b,c          main,logs-2026-*
package struct DatabaseSelection: Sendable {
  private static let star = UInt8(ascii: "*")
  private static let comma = UInt8(ascii: ",")

  /// The most patterns: each is compared with every name.
  package static let maxPatterns = 64

  let text: String
  /// None is empty, and none comes twice.
  let parts: [NamePattern]

  /// Whether a `db=` is read as a set, unless there is a database of just this name.
  package static func isSet(_ text: String) -> Bool {
    text.utf8.contains { $0 == star || $0 == comma }
  }

  static func hasTooManyPatterns(_ text: String) -> Bool {
    text.utf8.count { $0 == star } > maxPatterns
      && DatabaseSelection(text).parts.count(where: \.hasStar) > maxPatterns
  }

  package init(_ text: String) {
    self.text = text
    var known: Set<NamePattern> = []
    parts = text.utf8.split(separator: Self.comma).map { NamePattern($0) }.filter {
      known.insert($0).inserted
    }
  }

  /// Whether it takes a list of what there is to say what it comes to.
  package var hasPattern: Bool { parts.contains(where: \.hasStar) }

  /// The databases that it comes to when it has no pattern.
  package var databases: [String] { parts.map(\.text) }
}
