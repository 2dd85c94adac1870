internal import DequeModule

/// The requests that wait for a worker, by their numbers, which count up in order of arrival.
///
/// Each database has a lane, so that one whose workers are all busy does not hold the others up.
/// A lane is ordered by number: a request that comes back stands in front of all that came later.
struct RequestQueue {
  private var lanes: [String: Deque<UInt64>] = [:]
  private(set) var count = 0
  /// The sum of the requests' sizes.
  private(set) var bytes = 0

  var isEmpty: Bool { count == 0 }

  /// The databases that somebody waits for.
  var databases: some Collection<String> { lanes.keys }

  mutating func insert(_ number: UInt64, for database: String, size: Int) {
    var lane = lanes.removeValue(forKey: database) ?? Deque()
    lane.insert(number, at: Self.position(of: number, in: lane))
    lanes[database] = lane
    count += 1
    bytes += size
  }

  mutating func remove(_ number: UInt64, for database: String, size: Int) {
    guard var lane = lanes.removeValue(forKey: database) else { return }
    let position = Self.position(of: number, in: lane)
    if position < lane.count && lane[position] == number {
      lane.remove(at: position)
      count -= 1
      bytes -= size
    }
    if !lane.isEmpty { lanes[database] = lane }
  }

  /// The request that waits longest among those for databases that satisfy the predicate.
  func first(where serves: (String) -> Bool) -> UInt64? {
    var first: UInt64?
    for (database, lane) in lanes {
      guard let number = lane.first, number < first ?? .max, serves(database) else { continue }
      first = number
    }
    return first
  }

  /// All that wait for a database, in order.
  func numbers(for database: String) -> [UInt64] {
    lanes[database].map(Array.init) ?? []
  }

  /// All that wait, database by database.
  var numbers: [UInt64] { lanes.values.flatMap { $0 } }

  /// Where a number stands in a lane, or would. Most come at its end.
  private static func position(of number: UInt64, in lane: Deque<UInt64>) -> Int {
    guard let last = lane.last, last >= number else { return lane.count }
    var low = 0
    var high = lane.count
    while low < high {
      let middle = (low + high) / 2
      if lane[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
