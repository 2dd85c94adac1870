internal import Wire

/// Which publications are printed.
struct EventFilter {
  private let prefixes: [String]

  init(_ prefixes: [String]) {
    self.prefixes = prefixes
  }

  /// The bytes to print, nil for a state or an event that is not wanted.
  func line(for publication: Publication) -> [UInt8]? {
    let word = publication.line.word
    let isWanted = prefixes.isEmpty || prefixes.contains { word.utf8.starts(with: $0.utf8) }
    guard !publication.isState, isWanted else { return nil }
    return publication.line.encoded() + [UInt8(ascii: "\n")]
  }
}
