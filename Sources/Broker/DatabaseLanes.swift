internal import DequeModule

/// Requests that wait for something else than a worker, by their numbers, a lane for each database.
///
/// A lane is ordered by number, which is the order of arrival.
struct DatabaseLanes {
  private(set) var lanes: [String: Deque<UInt64>] = [:]
  /// As how many they count.
  private(set) var count = 0
  /// The sum of the requests' sizes.
  private(set) var bytes = 0

  var isEmpty: Bool { count == 0 }

  /// The databases that somebody waits for.
  var databases: some Collection<String> { lanes.keys }

  /// - Parameter weight: as how many requests it counts.
  mutating func insert(
    _ number: UInt64, for database: String, counting weight: Int = 1, size: Int
  ) {
    lanes[database, default: []].insertInOrder(number)
    count += weight
    bytes += size
  }

  mutating func remove(
    _ number: UInt64, for database: String, counting weight: Int = 1, size: Int
  ) {
    guard lanes[database]?.removeInOrder(number) ?? false else { return }
    if lanes[database]?.isEmpty ?? false { lanes[database] = nil }
    count -= weight
    bytes -= size
  }

  /// All that wait for a database, in order.
  func numbers(for database: String) -> [UInt64] {
    lanes[database].map(Array.init) ?? []
  }

  /// All that wait, database by database.
  var numbers: [UInt64] { lanes.values.flatMap { $0 } }
}

extension Deque<UInt64> {
  /// Puts a number where it belongs in ascending order; most belong at the end.
  mutating func insertInOrder(_ number: UInt64) {
    if let last, last >= number { insert(number, at: position(of: number)) } else { append(number) }
  }

  /// Takes a number out of ascending order; false when it is not there.
  mutating func removeInOrder(_ number: UInt64) -> Bool {
    // What has come first mostly leaves first.
    if first == number {
      removeFirst()
      return true
    }
    let position = position(of: number)
    guard position < count, self[position] == number else { return false }
    remove(at: position)
    return true
  }

  /// Where a number stands, or would.
  private func position(of number: UInt64) -> Int {
    guard let last, last >= number else { return count }
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
