import Client
import Wire

extension World {
  /// Ends all trouble and lets everything come to its end; and so it must.
  mutating func settle() throws {
    isSettling = true
    for database in databases.indices { present.insert(database) }
    readOn()
    let end = now.adding(milliseconds: Self.settlingMilliseconds)
    while now < end, !isAtRest { try step() }
    try requireRest()
  }

  /// Whether nothing is left to do. Asked often, so what is cheap comes first.
  private var isAtRest: Bool {
    guard isRouterUp, ledger.open.isEmpty, inbox.isEmpty, turnEnd == nil, !broker.isDraining else {
      return false
    }
    return broker.restlessness == nil && restlessness == nil
  }

  private func requireRest() throws {
    try require(isRouterUp && !broker.isDraining, "the router is not up")
    try require(ledger.open.isEmpty, "\(ledger.open.count) requests are never answered")
    if let problem = broker.restlessness ?? broker.inconsistency ?? restlessness {
      throw Violation("in the end \(problem)")
    }
  }

  private var restlessness: String? {
    for caller in callers where !(caller.session?.isEmpty ?? true) && !caller.isOver {
      return "a session has requests"
    }
    let there = Set(living.map { processes[$0].member })
    let known = Set(broker.workers.values.map(\.member))
    if there != known { return "\(there) live, and the router knows \(known)" }
    for (index, station) in stations.enumerated() where station.machine == nil {
      return "supervisor \(index) is not there"
    }
    return nil
  }
}

extension Broker {
  /// What there is that should not be when nothing goes on; nil when there is nothing such.
  var restlessness: String? {
    if !requests.isEmpty { return "there are requests" }
    if !inFlight.isEmpty || !clients.isEmpty { return "clients are remembered" }
    if !queue.isEmpty || !queue.databases.isEmpty { return "something is queued" }
    if !unresolved.isEmpty || !parked.isEmpty { return "something waits" }
    if workers.values.contains(where: { $0.state != .idle }) { return "a worker is not idle" }
    if workers.isEmpty { return "there are no workers" }
    if versions.checks.values.contains(where: { $0.isUnderWay || $0.isWaiting }) {
      return "a version is looked at"
    }
    if round != nil { return "workers are looking" }
    return nil
  }
}
