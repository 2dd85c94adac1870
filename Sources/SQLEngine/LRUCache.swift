/// Keeps the values that were used last, up to a number of them.
struct LRUCache<Key: Hashable, Value> {
  private struct Node {
    var key: Key
    var value: Value
    var newer: Int
    var older: Int
  }

  private static var none: Int { -1 }

  private let capacity: Int
  private var nodes: [Node] = []
  private var indices: [Key: Int] = [:]
  private var newest = Self.none
  private var oldest = Self.none

  /// - Parameter capacity: at least 1.
  init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  var count: Int { nodes.count }

  /// The values, in no particular order.
  var values: [Value] { nodes.map(\.value) }

  /// The value that was used last.
  var newestValue: Value? { newest == Self.none ? nil : nodes[newest].value }

  /// The value of a key, which is now the newest.
  mutating func use(_ key: Key) -> Value? {
    guard let index = indices[key] else { return nil }
    makeNewest(index)
    return nodes[index].value
  }

  /// Adds a value as the newest, or replaces the key's; the oldest makes room.
  mutating func insert(_ value: Value, for key: Key) {
    if let index = indices[key] {
      nodes[index].value = value
      makeNewest(index)
      return
    }
    if nodes.count == capacity { removeOldest() }
    indices[key] = nodes.count
    nodes.append(Node(key: key, value: value, newer: Self.none, older: Self.none))
    link(nodes.count - 1)
  }

  mutating func remove(_ key: Key) {
    guard let index = indices.removeValue(forKey: key) else { return }
    unlink(index)
    // The last node moves to the free place.
    let last = nodes.removeLast()
    guard index < nodes.count else { return }
    nodes[index] = last
    indices[last.key] = index
    if last.newer == Self.none { newest = index } else { nodes[last.newer].older = index }
    if last.older == Self.none { oldest = index } else { nodes[last.older].newer = index }
  }

  mutating func removeOldest() {
    if oldest != Self.none { remove(nodes[oldest].key) }
  }

  mutating func removeAll() {
    self = LRUCache(capacity: capacity)
  }

  private mutating func makeNewest(_ index: Int) {
    guard index != newest else { return }
    unlink(index)
    link(index)
  }

  private mutating func link(_ index: Int) {
    nodes[index].newer = Self.none
    nodes[index].older = newest
    if newest == Self.none { oldest = index } else { nodes[newest].newer = index }
    newest = index
  }

  private mutating func unlink(_ index: Int) {
    let (newer, older) = (nodes[index].newer, nodes[index].older)
    if newer == Self.none { newest = older } else { nodes[newer].older = older }
    if older == Self.none { oldest = newer } else { nodes[older].newer = newer }
  }
}
