internal import DequeModule
internal import Wire
internal import ZeroMQ

/// What was run here.
extension Coordinator {
  /// A database was run here.
  /// - Parameters:
  ///   - kept: its rows, if its turn has not come.
  ///   - microseconds: that it took.
  mutating func ran(_ index: Int, _ outcome: Outcome, kept: Part?, microseconds: Int64) {
    isQuick = microseconds < Self.quickMicroseconds
    switch outcome {
    case .rows(let rows):
      keptBytes += kept?.count ?? 0
      items[index].state = .done(kept.map { [$0] } ?? [], rows: rows)
    case .failure(let failure): items[index].state = .failed(failure)
    case .unchanged: items[index].state = .failed(Failure(.sql, "it has no answer"))
    }
  }

  /// A database was run here whose turn has not come, and has more rows than are kept.
  mutating func overflowed(_ index: Int) {
    runsAhead = false
    isQuick = false
    items[index].state = .own
  }

  /// Rows of the database whose turn it is were passed on while it is run here.
  mutating func passed() { hasPassed = true }

  /// What was to be passed on does not fit to what came before.
  mutating func refuse(_ failure: Failure) {
    if isStreaming { unwanted.append(turn) }
    drop(turn)
    // It was not passed on after all.
    hasPassed = false
    items[turn].state = .failed(failure)
  }

  /// Lets go of the rows that are kept of a database.
  mutating func drop(_ index: Int) {
    switch items[index].state {
    case .begun(let parts), .done(let parts, _): keptBytes -= parts.reduce(0) { $0 + $1.count }
    case .new, .offered, .own, .failed, .over: break
    }
  }
}
