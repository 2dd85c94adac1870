import Wire

/// Whose turn it is.
extension Ledger {
  /// A worker is told to run a request.
  struct Run {
    let request: Int
    let connection: Int
  }

  /// What waits for a worker, in the moment before one of several requests is run in one step.
  private struct Waiting {
    let index: Int
    let number: UInt64
    let connection: Int
    let database: Int
    let isShort: Bool
    let isUrgent: Bool
    let isSuspect: Bool
    let isHeld: Bool

    /// Requests of one client that the same workers may run share one.
    var lane: Int { Ledger.lane(database, isShort) }
  }

  private static func lane(_ database: Int, _ isShort: Bool) -> Int {
    2 * database + (isShort ? 1 : 0)
  }

  /// Judges that it was this request's turn.
  /// - Parameters:
  ///   - runs: that, and those that were run after it in the same step.
  ///   - isFirst: whether it is not run behind others, by a worker that has those already.
  mutating func checkTurn(_ runs: ArraySlice<Run>, isFirst: Bool) throws {
    guard let run = runs.first, let one = waiting(run) else { return }
    let mayRunLong = mayRunLong(before: runs)
    let free =
      isFirst
      ? served(by: idle)
      : workers[run.connection].serves
    let isSuspectRunning = known.contains { workers[$0].held.contains { $0.isSuspect } }
    let others = (seen.compactMap(waiting) + runs.dropFirst().compactMap(waiting)).filter {
      ($0.isShort || mayRunLong) && free.contains($0.database) && $0.index != one.index
        && !$0.isHeld && !($0.isSuspect && isSuspectRunning)
    }
    // It may have been found to be suspect in this very step.
    let isUrgent = one.isUrgent || one.isSuspect
    for other in others where other.isUrgent {
      try require(
        isUrgent && one.number < other.number, "\(other.index) goes before \(one.index)")
    }
    if isUrgent { return }
    let fresh = others.filter { !$0.isUrgent && !excused.contains($0.connection) }
    if let loser = turns.took(one.connection, over: Set(fresh.map(\.connection)).sorted()) {
      throw Violation("client \(loser) is passed over by \(one.connection) again")
    }
    let own = fresh.filter { $0.connection == one.connection }
    while laneTurns.count <= one.connection { laneTurns.append(Turns()) }
    if laneTurns[one.connection].took(one.lane, over: Set(own.map(\.lane)).sorted()) != nil {
      throw Violation("a lane of client \(one.connection) is passed over again")
    }
    for other in own where other.lane == one.lane && !other.isSuspect {
      try require(one.number < other.number, "\(other.index) came before \(one.index)")
    }
  }

  /// Its turn has come, and it was not run.
  mutating func hasHadTurn(_ request: Request) {
    guard case .inTurn(let isShort) = request.place, let database = request.database else { return }
    turns.hasHad(request.connection)
    guard laneTurns.indices.contains(request.connection) else { return }
    laneTurns[request.connection].hasHad(Self.lane(database, isShort))
  }

  private func waiting(_ request: SeenRequest) -> Waiting? {
    switch request.place {
    case .inTurn(let isShort), .urgent(let isShort): waiting(request, isShort)
    case .unresolved, .parked, .running, .streaming: nil
    }
  }

  /// What is going to run in this step, and waits still.
  private func waiting(_ run: Run) -> Waiting? {
    seat(run.request).flatMap { waiting($0, isShort(run.request)) }
  }

  /// By what is known now.
  private func isShort(_ index: Int) -> Bool {
    configuration.reservedWorkers == 0
      || history[requests[index]].map { $0 < StatementHistory.shortMicroseconds } ?? false
  }

  private func waiting(_ request: SeenRequest, _ now: Bool) -> Waiting? {
    let index = request.index
    let entry = requests[index]
    guard let database = entry.database else { return nil }
    var (isShort, isUrgent) = (now, false)
    // Where it stood before this step.
    switch entry.place {
    case .inTurn(let before): isShort = before
    case .urgent(let before): (isShort, isUrgent) = (before, true)
    // What has only just come.
    case nil: return nil
    case .running, .streaming, .unresolved, .parked:
      // What has been begun before goes first, unless it was begun and had not changed.
      // What is found to be suspect only when its turn comes goes behind what was run by then.
      if case .urgent = request.place { isUrgent = entry.attempts > 0 || entry.isSuspect }
      if case .running = request.place, entry.attempts > 0 || request.isSuspect { return nil }
    }
    return Waiting(
      index: index, number: request.number, connection: entry.connection,
      database: database, isShort: isShort, isUrgent: isUrgent, isSuspect: request.isSuspect,
      isHeld: request.isHeld)
  }

  /// Who has nothing in the queue any more waits for no turn.
  mutating func forgetTurns() {
    var lanes: [Int: UInt32] = [:]
    for request in seen {
      guard case .inTurn(let isShort) = request.place else { continue }
      let entry = requests[request.index]
      lanes[entry.connection, default: 0] |= 1 << Self.lane(entry.database ?? 0, isShort)
    }
    turns.keep { lanes[$0] != nil }
    for connection in laneTurns.indices {
      laneTurns[connection].keep { lanes[connection, default: 0] & 1 << $0 != 0 }
    }
  }
}
