private import DequeModule
internal import Toolkit
internal import Wire

/// A request that has not been printed, and what has become of it.
struct Entry {
  enum State {
    /// Is to be sent: it is in the session's `toSend`.
    case queued
    /// Was refused for the moment, is queued again then.
    case waiting(until: Instant, last: Failure)
    case sent
    /// Its result could not be kept: it is sent again when it is its turn to be printed.
    case letGo
    /// Nobody will answer it: the router ends, and this is not sent again.
    case refused
    case done(Answer)
    case failed(ToolError)
    /// There is no request any more.
    case gone
  }

  /// The id under which it was sent last, or will be.
  fileprivate(set) var id: UInt64 = 0
  /// Its place among all that were submitted.
  var number: UInt64 = 0
  var state: State
  var request: Request?
  /// When its time is over.
  var deadline: Instant
  /// When it was sent first since it was submitted, or let go.
  var sentAt: Instant?
  var sends = 0
  /// How often its answer was dropped when it was its turn to be printed.
  var drops = 0
  /// When it was noticed that the answer to what was sent last should have come.
  var missedAt: Instant?

  /// Whether only printing is left.
  var isFinished: Bool {
    switch state {
    case .done, .failed: true
    case .queued, .waiting, .sent, .letGo, .refused, .gone: false
    }
  }
}

/// The requests that have not been printed, in slots that are used again.
///
/// An id is a slot's number plus a multiple of their greatest number, which counts what the slot was
/// used for: so an id leads to its slot, none is used twice, and the first ones are 0, 1, 2 and so on.
struct Entries {
  static let maxCount = 1 << 16
  /// So many slots are used once each before the first is used again.
  private static let usualCount = 1024

  private var slots: [Entry] = []
  private var free: Deque<Int> = []

  var count: Int { slots.count - free.count }

  /// Keeps an entry, which gets its id, and returns its slot; there must be room for it.
  mutating func insert(_ entry: Entry) -> Int {
    var entry = entry
    if slots.count >= Self.usualCount, let slot = free.popFirst() {
      entry.id = slots[slot].id
      slots[slot] = entry
      return slot
    }
    entry.id = UInt64(slots.count)
    slots.append(entry)
    return slots.count - 1
  }

  /// Forgets an entry; answers under its id are nobody's from now on.
  mutating func remove(_ slot: Int) {
    slots[slot].state = .gone
    slots[slot].request = nil
    renew(slot)
    free.append(slot)
  }

  /// The ids of what was sent and is not answered.
  var unanswered: [UInt64] {
    slots.compactMap { if case .sent = $0.state { $0.id } else { nil } }
  }

  /// Gives an entry another id.
  mutating func renew(_ slot: Int) {
    slots[slot].id += UInt64(Self.maxCount)
  }

  /// The slot of the entry that has this id.
  func slot(of id: UInt64) -> Int? {
    let slot = Int(id % UInt64(Self.maxCount))
    guard slot < slots.count, slots[slot].id == id else { return nil }
    return slot
  }

  /// The slots in use, in the order in which they were submitted.
  var inOrder: [Int] {
    slots.indices.filter { if case .gone = slots[$0].state { false } else { true } }
      .sorted { slots[$0].number < slots[$1].number }
  }

  subscript(slot: Int) -> Entry {
    get { slots[slot] }
    _modify { yield &slots[slot] }
  }
}
