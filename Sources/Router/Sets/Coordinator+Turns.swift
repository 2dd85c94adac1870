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
      case .new, .asked: return nil
      case .begun(var parts):
        part = parts.popFirst()
        items[turn].state = .begun(parts)
        if part == nil { return nil }
      case .done(var parts, let rows):
        part = parts.popFirst()
        items[turn].state = .done(parts, rows: rows)
        if part == nil {
          self.rows += rows
          answered += 1
          takeTurn()
        }
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

  private mutating func takeTurn() {
    items[turn].state = .over
    turn += 1
    hasPassed = false
  }

  /// The database whose turn it is has failed.
  private mutating func fail(_ failure: Failure) {
    let name = items[turn].name
    guard skipsFailed, !hasPassed else {
      var named = failure
      named.message = "\(name): \(failure.message)"
      ending = .end(.failure(named), nil)
      return
    }
    failures.append(name, failure)
    takeTurn()
  }
}
