internal import Broker
internal import DequeModule

/// Queries on several databases that wait for others to end, by their numbers. Turns go round over the
/// connections.
struct SetQueue {
  /// So many run at once, of all and of a connection: the slow ones of one keep nobody else's waiting.
  static let maxRunning = 64
  static let maxRunningOfOne = 16

  private var turns: Deque<PeerID> = []
  private var numbers: [PeerID: Deque<UInt64>] = [:]
  /// How many wait.
  private(set) var count = 0
  /// How many run, of each connection.
  private var running: [PeerID: Int] = [:]
  private var runningCount = 0

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

  /// Takes out the one whose turn it is, if one more may run. It runs until `ended` is called.
  mutating func next() -> UInt64? {
    guard runningCount < Self.maxRunning,
      let place = turns.firstIndex(where: { running[$0, default: 0] < Self.maxRunningOfOne })
    else { return nil }
    let connection = turns.remove(at: place)
    guard let number = numbers[connection]?.popFirst() else { return nil }
    count -= 1
    running[connection, default: 0] += 1
    runningCount += 1
    if numbers[connection]?.isEmpty ?? true {
      numbers[connection] = nil
    } else {
      turns.append(connection)
    }
    return number
  }

  /// Whether others than a connection wait because so many run.
  func holdsUp(othersThan connection: PeerID) -> Bool {
    runningCount >= Self.maxRunning && count > count(of: connection)
  }

  /// One that ran has ended.
  mutating func ended(of connection: PeerID) {
    guard let count = running[connection] else { return }
    running[connection] = count > 1 ? count - 1 : nil
    runningCount -= 1
  }
}
