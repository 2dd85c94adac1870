internal import DequeModule

/// Who takes turns, in the order of their next turns.
///
/// To leave costs nothing: a place that is not held any more is passed over later.
struct Rota<Key: Hashable> {
  private(set) var places: Deque<(key: Key, ticket: UInt64)> = []
  /// The ticket of the place that each one holds.
  private(set) var tickets: [Key: UInt64] = [:]
  private var nextTicket: UInt64 = 0

  var isEmpty: Bool { tickets.isEmpty }

  /// Gives a place behind all others to one that has none.
  mutating func join(_ key: Key) {
    guard tickets[key] == nil else { return }
    takePlace(key)
  }

  private mutating func takePlace(_ key: Key) {
    tickets[key] = nextTicket
    places.append((key, nextTicket))
    nextTicket += 1
    // Those who come and leave before their turn must not pile up.
    if places.count > 2 * tickets.count + 16 {
      places.removeAll { tickets[$0.key] != $0.ticket }
    }
  }

  mutating func leave(_ key: Key) {
    tickets[key] = nil
  }

  /// The first in turn who can use it; it has had its turn then, and goes to the end.
  mutating func next<Use>(_ use: (Key) -> Use?) -> Use? {
    var index = 0
    while index < places.count {
      let (key, ticket) = places[index]
      guard tickets[key] == ticket else {
        places.remove(at: index)
        continue
      }
      if let result = use(key) {
        places.remove(at: index)
        takePlace(key)
        return result
      }
      index += 1
    }
    return nil
  }
}
