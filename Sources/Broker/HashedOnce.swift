/// A key that is hashed when it is made: dictionaries ask for each use of a key, and again for each one
/// that they move.
package protocol HashedOnce: Hashable {
  var hash: Int { get }
}

extension HashedOnce {
  package func hash(into hasher: inout Hasher) { hasher.combine(hash) }

  // The standard library asks for this where it needs the hash of a key alone.
  // swift-format-ignore: NoLeadingUnderscores
  package func _rawHashValue(seed: Int) -> Int { hash }
}
