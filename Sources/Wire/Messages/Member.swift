/// One incarnation of a supervised process: its name, and a generation that never repeats.
package struct Member: LineMessage, Hashable, Sendable, CustomStringConvertible {
  package var name: String
  package var generation: Int64

  package init(name: String, generation: Int64) {
    self.name = name
    self.generation = generation
  }

  package var description: String { "\(name)/\(generation)" }

  /// Reads `name=` and `generation=`.
  package init?(_ line: LineView) {
    guard let name = line["name"]?.text, let generation = line["generation"]?.int64
    else { return nil }
    self.init(name: name, generation: generation)
  }
}

extension Line {
  package consuming func with(_ member: Member) -> Line {
    with("name", member.name).with("generation", member.generation)
  }
}
