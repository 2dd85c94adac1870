/// Requests by their numbers.
///
/// The numbers are the router's own and count up, so they need no hash that withstands an adversary.
struct RequestTable: Sequence {
  private struct Key: Hashable {
    let number: UInt64

    // The standard library asks for this where it needs the hash of a key alone. Neighbours are put
    // far from each other: what is removed from a run of them has the rest of it looked through.
    // swift-format-ignore: NoLeadingUnderscores
    func _rawHashValue(seed: Int) -> Int {
      Int(truncatingIfNeeded: (number &* 0x9e37_79b9_7f4a_7c15) >> 32)
    }
  }

  private var table: [Key: PendingRequest] = [:]
  /// As how many they count.
  private(set) var total = 0

  var count: Int { table.count }
  var isEmpty: Bool { table.isEmpty }
  var keys: some Collection<UInt64> { table.keys.lazy.map(\.number) }
  var values: some Collection<PendingRequest> { table.values }

  subscript(number: UInt64) -> PendingRequest? { table[Key(number: number)] }

  /// - Parameter number: that of no other one.
  mutating func insert(_ request: PendingRequest, _ number: UInt64) {
    table[Key(number: number)] = request
    total += request.count
  }

  mutating func removeValue(forKey number: UInt64) -> PendingRequest? {
    guard let request = table.removeValue(forKey: Key(number: number)) else { return nil }
    total -= request.count
    return request
  }

  func makeIterator() -> some IteratorProtocol<(key: UInt64, value: PendingRequest)> {
    table.lazy.map { (key: $0.key.number, value: $0.value) }.makeIterator()
  }
}
