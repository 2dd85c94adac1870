internal import DequeModule
internal import Wire
internal import ZeroMQ

/// What the router answers.
extension Coordinator {
  /// A chunk of a result has come, and there is more.
  mutating func receive(chunk: Part, of index: Int) {
    guard items.indices.contains(index) else { return }
    var parts: Deque<Part>
    switch items[index].state {
    case .offered: parts = []
    case .begun(let earlier): parts = earlier
    // It was given up.
    case .new, .own, .done, .failed, .over: return
    }
    items[index].received += 1
    keptBytes += chunk.count
    parts.append(chunk)
    items[index].state = .begun(parts)
  }

  /// A result, or its end, has come.
  /// - Parameter chunks: how many there were of it before.
  mutating func receive(_ outcome: Outcome, _ body: Part, chunks: Int, of index: Int) {
    guard items.indices.contains(index) else { return }
    var parts: Deque<Part>
    switch items[index].state {
    case .offered: parts = []
    case .begun(let earlier): parts = earlier
    case .new, .own, .done, .failed, .over: return
    }
    switch outcome {
    case .rows(let rows) where chunks == items[index].received:
      if body.count > 0 { parts.append(body) }
      keptBytes += body.count
      items[index].state = .done(parts, rows: rows)
    case .rows, .unchanged: lose(index, Failure(.aborted, "chunks of its result were lost"))
    case .failure(let failure): lose(index, failure)
    }
  }

  /// Nobody else has run a database to its end.
  private mutating func lose(_ index: Int, _ failure: Failure) {
    if failure.code == .cancelled { asked = .nothing }
    drop(index)
    let isInMiddle = index == turn && hasPassed
    switch failure.code {
    // It was given back, or refused for what has nothing to do with it, or nobody has read on, or none of
    // the others has it.
    case .cancelled, .busy, .draining, .aborted, .noSuchDatabase:
      guard !isInMiddle else { fallthrough }
      if items[index].isHere {
        items[index].state = .own
      } else if failure.code == .aborted {
        items[index].state = .new
      } else {
        fallthrough
      }
    default: items[index].state = .failed(failure)
    }
  }
}
