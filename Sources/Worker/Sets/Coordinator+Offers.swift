internal import Wire

/// Which databases are run where.
extension Coordinator {
  /// Has the next one begun by others, as long as there is room for its answer. The first one of all is
  /// begun here at once.
  mutating func offer() -> Step? {
    if !items[turn].isHere, case .new = items[turn].state, turn < fresh { return offer(turn) }
    guard fresh < min(items.count, turn + Self.window),
      fresh == turn || keptBytes < Self.maxKeptBytes
    else { return nil }
    fresh += 1
    if items[fresh - 1].isHere && (!hasRouter || fresh - 1 == turn) {
      items[fresh - 1].state = .own
      return offer()
    }
    return offer(fresh - 1)
  }

  private mutating func offer(_ index: Int) -> Step {
    items[index].state = .offered
    items[index].received = 0
    items[index].granted = 1
    return .offer(index, isKept: !items[index].isHere)
  }

  /// Asks for one back when there is nothing, or little, left to be run here. As long as somebody else may
  /// not have begun the one whose turn it is, that is asked for.
  mutating func askBack() -> Step? {
    guard !isStreaming, asked != .any else { return nil }
    guard runsAhead, keptBytes < Self.maxKeptBytes else {
      guard case .offered = items[turn].state, items[turn].isHere, asked != .turn(turn) else {
        return nil
      }
      asked = .turn(turn)
      return .withdraw(upTo: turn)
    }
    var own = 0
    var hasOffers = false
    for item in items[turn..<fresh] {
      switch item.state {
      case .own: own += 1
      case .offered where item.isHere: hasOffers = true
      default: break
      }
    }
    guard hasOffers, own < (isQuick ? 2 : 1) else { return nil }
    asked = .any
    return .withdraw(upTo: nil)
  }

  func runHere() -> Step? {
    let first = items[turn..<fresh].firstIndex { if case .own = $0.state { true } else { false } }
    guard let first else { return nil }
    guard first > turn else { return .run(first, isInTurn: true) }
    return runsAhead && !isStreaming && keptBytes < Self.maxKeptBytes
      ? .run(first, isInTurn: false) : nil
  }

  /// Those that the router has.
  var offers: [Int] {
    items.indices.filter {
      switch items[$0].state {
      case .offered, .begun: true
      case .new, .own, .done, .failed, .over: false
      }
    }
  }
}
