/// Keeps the values that were used last, up to a number of them.
///
/// To use one touches no other: with a thousand of them, each is far from the processor. To find the
/// oldest, all are looked at.
struct LRUCache<Key: Hashable, Value> {
  private struct Node {
    var key: Key
    var value: Value
    /// When it was used last, in uses of the cache.
    var lastUse: UInt64
  }

  private let capacity: Int
  private var nodes: [Node] = []
  private var indices: [Key: Int] = [:]
  private var uses: UInt64 = 0
  /// Where the value is that was used last.
  private var newest = 0

  /// - Parameter capacity: at least 1.
  init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  var count: Int { nodes.count }

  /// The values, those first that were not used for longest.
  var valuesByAge: [Value] {
    nodes.sorted { $0.lastUse < $1.lastUse }.map(\.value)
  }

  /// The value that was used last.
  var newestValue: Value? { newest < nodes.count ? nodes[newest].value : nil }

  /// The value of a key, which is not used.
  subscript(key: Key) -> Value? { indices[key].map { nodes[$0].value } }

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
    nodes.append(Node(key: key, value: value, lastUse: 0))
    makeNewest(nodes.count - 1)
  }

  mutating func remove(_ key: Key) {
    guard let index = indices.removeValue(forKey: key) else { return }
    // The last node moves to the free place.
    let last = nodes.removeLast()
    if index < nodes.count {
      nodes[index] = last
      indices[last.key] = index
    }
    newest = nodes.indices.max { nodes[$0].lastUse < nodes[$1].lastUse } ?? 0
  }

  mutating func removeOldest() {
    if let oldest = nodes.min(by: { $0.lastUse < $1.lastUse }) { remove(oldest.key) }
  }

  mutating func removeAll() {
    self = LRUCache(capacity: capacity)
  }

  private mutating func makeNewest(_ index: Int) {
    uses += 1
    nodes[index].lastUse = uses
    newest = index
  }
}
