import HeapModule
import Wire

/// What is going to happen, and when.
struct Agenda<Happening> {
  private struct Entry: Comparable {
    let due: Instant
    /// What is due at the same time happens in the order in which it was planned.
    let order: UInt64
    let happening: Happening

    static func < (a: Entry, b: Entry) -> Bool { (a.due, a.order) < (b.due, b.order) }
    static func == (a: Entry, b: Entry) -> Bool { a.order == b.order }
  }

  private var entries = Heap<Entry>()
  private var order: UInt64 = 0

  var nextDue: Instant? { entries.min?.due }

  mutating func plan(_ happening: Happening, at due: Instant) {
    order += 1
    entries.insert(Entry(due: due, order: order, happening: happening))
  }

  mutating func next() -> (due: Instant, happening: Happening)? {
    entries.popMin().map { ($0.due, $0.happening) }
  }
}

/// One direction of a connection: what is sent later does not arrive earlier.
struct Channel {
  private var last = Instant.start

  mutating func due(_ soonest: Instant) -> Instant {
    last = max(last, soonest)
    return last
  }
}
