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
    /// Requests of one client that the same workers may run share one.
    let lane: Int
    let isUrgent: Bool
    let isSuspect: Bool
    let isHeld: Bool
  }

  /// Judges that it was this request's turn.
  /// - Parameter runs: that, and those that were run after it in the same step.
  mutating func checkTurn(_ runs: ArraySlice<Run>) throws {
    guard let run = runs.first, let one = waiting(run) else { return }
    let mayRunLong = mayRunLong(before: runs)
    let free = idle.reduce(into: DatabaseSet.empty) { $0.formUnion(workers[$1].serves) }
    let isSuspectRunning = known.contains { workers[$0].held?.isSuspect == true }
    let others = (seen.compactMap(waiting) + runs.dropFirst().compactMap(waiting)).filter {
      ($0.lane & 1 != 0 || mayRunLong) && free.contains($0.lane / 2) && $0.index != one.index
        && !$0.isHeld && !($0.isSuspect && isSuspectRunning)
    }
    for other in others where other.isUrgent {
      try require(
        one.isUrgent && one.number < other.number, "\(other.index) goes before \(one.index)")
    }
    if one.isUrgent { return }
    let fresh = others.filter { !$0.isUrgent && !excused.contains($0.connection) }
    if let loser = turns.took(one.connection, over: Set(fresh.map(\.connection)).sorted()) {
      throw Violation("client \(loser) is passed over by \(one.connection) again")
    }
    let own = fresh.filter { $0.connection == one.connection }
    while laneTurns.count <= one.connection { laneTurns.append(Turns()) }
    if laneTurns[one.connection].took(one.lane, over: Set(own.map(\.lane)).sorted()) != nil {
      throw Violation("a lane of client \(one.connection) is passed over again")
    }
    for other in own where other.lane == one.lane {
      try require(one.number < other.number, "\(other.index) came before \(one.index)")
    }
  }

  /// Its turn has come, and it was not run.
  mutating func hasHadTurn(_ request: Request) {
    guard case .inTurn(let isShort) = request.place, let database = request.database else { return }
    turns.hasHad(request.connection)
    guard laneTurns.indices.contains(request.connection) else { return }
    laneTurns[request.connection].hasHad(2 * database + (isShort ? 1 : 0))
  }

  private func waiting(_ request: SeenRequest<Sent>) -> Waiting? {
    switch request.place {
    case .inTurn(let isShort), .urgent(let isShort): waiting(request, isShort: isShort)
    case .unresolved, .parked, .running: nil
    }
  }

  /// What is going to run in this step, and waits still.
  private func waiting(_ run: Run) -> Waiting? {
    guard let request = seen.first(where: { $0.request.request == run.request }) else { return nil }
    let isShort = configuration.reservedWorkers == 0 || !runsLong(run.connection)
    return waiting(request, isShort: isShort)
  }

  private func waiting(_ request: SeenRequest<Sent>, isShort: Bool) -> Waiting? {
    let index = request.request.request
    let entry = requests[index]
    guard let database = entry.database else { return nil }
    var (isShort, isUrgent) = (isShort, false)
    // Where it stood before this step.
    switch entry.place {
    case .inTurn(let wasShort): isShort = wasShort
    case .urgent(let wasShort): (isShort, isUrgent) = (wasShort, true)
    case .running, .unresolved, .parked, nil:
      // What has been begun before goes first, unless it was begun and had not changed.
      if case .urgent = request.place { isUrgent = true }
      if case .running = request.place, entry.tries > 0 || request.isSuspect { return nil }
    }
    return Waiting(
      index: index, number: request.number, connection: entry.connection,
      lane: 2 * database + (isShort ? 1 : 0), isUrgent: isUrgent, isSuspect: request.isSuspect,
      isHeld: request.isHeld)
  }

  /// Who has nothing in the queue any more waits for no turn.
  mutating func forgetTurns() {
    var lanes: [Int: UInt32] = [:]
    for request in seen {
      guard case .inTurn(let isShort) = request.place else { continue }
      let entry = requests[request.request.request]
      lanes[entry.connection, default: 0] |= 1 << (2 * (entry.database ?? 0) + (isShort ? 1 : 0))
    }
    turns.keep { lanes[$0] != nil }
    for connection in laneTurns.indices {
      laneTurns[connection].keep { lanes[connection, default: 0] & 1 << $0 != 0 }
    }
  }
}
