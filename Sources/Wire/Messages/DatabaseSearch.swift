/// Finds the databases that a selection comes to, a little at a time: each pattern is compared with each name,
/// and there may be many of both.
package struct DatabaseSearch {
  private let selection: DatabaseSelection
  private let names: [String]
  /// What comes next.
  private var (part, name) = (0, 0)
  private var databases: [String] = []
  private var known: Set<String> = []

  /// - Parameter names: of the databases there are, by name.
  package init(for selection: DatabaseSelection, among names: [String]) {
    self.selection = selection
    self.names = names
    guard names.contains(selection.text) else { return }
    databases = [selection.text]
    part = selection.parts.count
  }

  /// Goes on with so many comparisons at most.
  /// - Returns: the databases: in the order of the selection's parts, and for a pattern by name; each once. One
  ///   of just the selection's name goes before all. A name that nobody has is one all the same: whoever asks
  ///   for it is to be told. Nil when there is more to be done.
  package mutating func next(comparisons: Int) -> [String]? {
    var left = comparisons
    while part < selection.parts.count {
      guard left > 0 else { return nil }
      left -= 1
      compare()
    }
    return databases
  }

  private mutating func compare() {
    let pattern = selection.parts[part]
    if !pattern.hasStar {
      take(pattern.text)
      part += 1
    } else if name < names.count {
      if pattern.matches(names[name]) { take(names[name]) }
      name += 1
    } else {
      (part, name) = (part + 1, 0)
    }
  }

  private mutating func take(_ database: String) {
    if known.insert(database).inserted { databases.append(database) }
  }
}
