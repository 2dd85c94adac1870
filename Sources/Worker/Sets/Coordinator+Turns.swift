internal import DequeModule
internal import Wire
internal import ZeroMQ

/// The database whose rows are next.
extension Coordinator {
  /// Passes on what is there of the database whose turn it is, and takes the next one's when that is over.
  mutating func passOn() -> Step? {
    while turn < items.count {
      var part: Part?
      switch items[turn].state {
      case .new, .offered, .own: return nil
      case .begun(var parts):
        part = parts.popFirst()
        items[turn].state = .begun(parts)
        if part == nil { return nil }
      case .done(var parts, let rows):
        part = parts.popFirst()
        items[turn].state = .done(parts, rows: rows)
        if part == nil { complete(rows) }
      case .failed(let failure): fail(failure)
      case .over: takeTurn()
      }
      if let ending { return ending }
      guard let part else { continue }
      keptBytes -= part.count
      let isFirst = !hasPassed
      hasPassed = true
      return .pass(part, isFirst: isFirst)
    }
    let summary = SetSummary(
      databases: answered, failed: failures.count, code: failures.code, why: failures.why)
    ending = .end(.rows(rows), summary)
    return ending
  }

  private mutating func complete(_ more: Int) {
    rows += more
    answered += 1
    takeTurn()
    guard let maxRows, rows > maxRows else { return }
    ending = .end(.failure(Failure(.tooLarge, "more than \(maxRows) rows")), nil)
  }

  private mutating func takeTurn() {
    items[turn].state = .over
    turn += 1
    hasPassed = false
    fresh = max(fresh, turn)
  }

  /// The database whose turn it is has failed.
  private mutating func fail(_ failure: Failure) {
    let name = items[turn].name
    // When its time is over, so is that of all others.
    guard skipsFailed, !hasPassed, failure.code != .deadline else {
      var named = failure
      named.message = "\(name): \(failure.message)"
      ending = .end(.failure(named), nil)
      return
    }
    failures.append(name, failure)
    takeTurn()
  }

  /// Asks for more of the database whose turn it is.
  mutating func grant() -> Step? {
    guard turn < items.count, isStreaming else { return nil }
    let more = items[turn].received + Self.credit - items[turn].granted
    guard more > 0 else { return nil }
    items[turn].granted += more
    return .credit(turn, chunks: more)
  }

  /// Whether the rows whose turn it is come from elsewhere, chunk by chunk.
  var isStreaming: Bool {
    if case .begun = items[turn].state { true } else { false }
  }
}
