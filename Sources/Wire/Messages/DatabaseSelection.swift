/// Several databases by one `db=`: names and patterns between commas, where `*` stands for any
/// characters, none included.
///
///     logs-*          a,b,c          main,logs-2026-*
package struct DatabaseSelection: Sendable {
  private static let star = UInt8(ascii: "*")
  private static let comma = UInt8(ascii: ",")

  /// The most patterns: each is compared with every name.
  package static let maxPatterns = 64

  private let text: String
  /// In UTF-8, as names are compared; none is empty, and none comes twice.
  private let parts: [[UInt8]]

  /// Whether a `db=` is read as a set, unless there is a database of just this name.
  package static func isSet(_ text: String) -> Bool {
    text.utf8.contains { $0 == star || $0 == comma }
  }

  static func hasTooManyPatterns(_ text: String) -> Bool {
    text.utf8.count { $0 == star } > maxPatterns
      && DatabaseSelection(text).parts.count { $0.contains(star) } > maxPatterns
  }

  package init(_ text: String) {
    self.text = text
    var known: Set<[UInt8]> = []
    parts = text.utf8.split(separator: Self.comma).map(Array.init).filter {
      known.insert($0).inserted
    }
  }

  /// Whether it takes a list of what there is to say what it comes to.
  package var hasPattern: Bool { parts.contains { $0.contains(Self.star) } }

  package func contains(_ name: String) -> Bool {
    parts.contains { Self.matches(Array(name.utf8), $0) }
  }

  /// The databases that it comes to among those there are: in the order of its parts, and for a
  /// pattern by name; each once. One of just this name goes before all. A name that nobody has is one
  /// all the same: whoever asks for it is to be told.
  /// - Parameter names: by name.
  package func databases(among names: [String]) -> [String] {
    if names.contains(text) { return [text] }
    var known: Set<String> = []
    var databases: [String] = []
    let candidates = names.map { (name: $0, bytes: Array($0.utf8)) }
    for part in parts {
      let matching =
        part.contains(Self.star)
        ? candidates.lazy.filter { Self.matches($0.bytes, part) }.map(\.name)
        : [String(decoding: part, as: UTF8.self)]
      for name in matching where known.insert(name).inserted { databases.append(name) }
    }
    return databases
  }

  /// Whether a pattern matches a whole name. What a star stands for is as short as may be, and only the
  /// last star's is ever made longer: so this takes at most their lengths' product.
  private static func matches(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
    var (at, inPattern) = (0, 0)
    var lastStar: (inPattern: Int, end: Int)?
    while at < name.count {
      if inPattern < pattern.count, pattern[inPattern] == star {
        lastStar = (inPattern, at)
        inPattern += 1
      } else if inPattern < pattern.count, pattern[inPattern] == name[at] {
        at += 1
        inPattern += 1
      } else if let star = lastStar {
        lastStar = (star.inPattern, star.end + 1)
        (at, inPattern) = (star.end + 1, star.inPattern + 1)
      } else {
        return false
      }
    }
    return pattern[inPattern...].allSatisfy { $0 == star }
  }
}
