internal import Broker
internal import DequeModule

/// Queries on several databases that wait for others to end, by their numbers. Turns go round over the
/// connections.
struct SetQueue {
  private var turns: Deque<PeerID> = []
  private var numbers: [PeerID: Deque<UInt64>] = [:]
  private(set) var count = 0

  func count(of connection: PeerID) -> Int { numbers[connection]?.count ?? 0 }

  mutating func insert(_ number: UInt64, of connection: PeerID) {
    if numbers[connection] == nil { turns.append(connection) }
    numbers[connection, default: []].append(number)
    count += 1
  }

  mutating func remove(_ number: UInt64, of connection: PeerID) {
    guard let place = numbers[connection]?.firstIndex(of: number) else { return }
    numbers[connection]?.remove(at: place)
    count -= 1
    guard numbers[connection]?.isEmpty ?? true else { return }
    numbers[connection] = nil
    turns.removeAll { $0 == connection }
  }

  /// Takes out all of a connection.
  mutating func removeAll(of connection: PeerID) -> Deque<UInt64> {
    guard let removed = numbers.removeValue(forKey: connection) else { return [] }
    turns.removeAll { $0 == connection }
    count -= removed.count
    return removed
  }

  /// Takes out the one whose turn it is.
  mutating func next() -> UInt64? {
    guard let connection = turns.popFirst(), let number = numbers[connection]?.popFirst() else {
      return nil
    }
    count -= 1
    if numbers[connection]?.isEmpty ?? true {
      numbers[connection] = nil
    } else {
      turns.append(connection)
    }
    return number
  }
}
