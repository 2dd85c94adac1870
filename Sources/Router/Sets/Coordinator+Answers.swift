internal import DequeModule
internal import Wire
internal import ZeroMQ

/// What the databases answer.
extension Coordinator {
  /// A chunk of a result has come, and there is more.
  mutating func receive(chunk: Part, of index: Int, serial: Int) {
    guard var parts = parts(of: index, serial) else { return }
    items[index].received += 1
    keptBytes += chunk.count
    parts.append(chunk)
    items[index].state = .begun(parts)
    if index != turn { areSmall = false }
  }

  /// A result, or its end, has come.
  /// - Parameter chunks: how many there were of it before.
  mutating func receive(
    _ outcome: Outcome, _ body: Part, chunks: Int, of index: Int, serial: Int
  ) {
    guard var parts = parts(of: index, serial) else { return }
    switch outcome {
    case .rows(let rows) where chunks == items[index].received:
      if body.count > 0 { parts.append(body) }
      keptBytes += body.count
      items[index].state = .done(parts, rows: rows)
    case .rows, .unchanged: lose(index, Failure(.aborted, "chunks of its result were lost"))
    case .failure(let failure): lose(index, failure)
    }
  }

  /// What is kept of a result that is in flight under this number; nil when none is.
  private func parts(of index: Int, _ serial: Int) -> Deque<Part>? {
    guard items.indices.contains(index), items[index].serial == serial else { return nil }
    switch items[index].state {
    case .asked: return []
    case .begun(let parts): return parts
    case .new, .done, .failed, .over: return nil
    }
  }

  /// A database has not been read to its end.
  private mutating func lose(_ index: Int, _ failure: Failure) {
    drop(index)
    // What was refused, or broken off, for what has nothing to do with it is asked again in its turn.
    let isBadLuck = failure.code == .busy || failure.code == .aborted
    items[index].state = isBadLuck && index != turn ? .new : .failed(failure)
  }

  /// Gives up what is larger than a chunk and whose turn has not come. Returns under which numbers that was
  /// asked; nobody wants it any more.
  mutating func letGo() -> [Int] {
    ahead.compactMap { index in
      guard case .begun = items[index].state else { return nil }
      drop(index)
      items[index].state = .new
      return items[index].serial
    }
  }

  /// Gives up whole results whose turn has not come as well, for the room that they take. Returns as `letGo`.
  mutating func letGoOfAll() -> [Int] {
    for index in ahead {
      guard case .done = items[index].state else { continue }
      areSmall = false
      drop(index)
      items[index].state = .new
    }
    return letGo()
  }

  /// What was to be passed on does not fit to what came before.
  mutating func refuse(_ failure: Failure) {
    if items[turn].isOpen { unwanted.append(items[turn].serial) }
    drop(turn)
    // It was not passed on after all.
    hasPassed = false
    items[turn].state = .failed(failure)
  }

  /// Lets go of the rows that are kept of a database.
  private mutating func drop(_ index: Int) {
    switch items[index].state {
    case .begun(let parts), .done(let parts, _): keptBytes -= parts.reduce(0) { $0 + $1.count }
    case .new, .asked, .failed, .over: break
    }
  }
}
