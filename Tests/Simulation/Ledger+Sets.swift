import Wire

/// Queries on several databases, and what is given back to those who could run it themselves.
extension Ledger {
  /// Of a client's requests, so many are looked at for one to be given back; from the design.
  private static var mostWithdrawable: Int { 64 }

  /// What the workers have that the router knows.
  private var allServed: DatabaseSet {
    known.reduce(into: DatabaseSet.empty) { $0.formUnion(workers[$1].serves) }
  }

  private func hasAll(_ connection: Int) -> Bool {
    workers[connection].serves.intersection(allServed) == allServed
  }

  /// What can be run on these workers. A query on all databases certainly can where one has every one
  /// that there ever is.
  func runnable(on connections: some Sequence<Int>) -> DatabaseSet {
    var databases = DatabaseSet.empty
    for connection in connections {
      databases.formUnion(workers[connection].serves)
      if workers[connection].serves == everything { databases.insert(Database.all) }
    }
    return databases
  }

  /// Judges that a query on all databases is run by this worker.
  func checkSet(_ job: Job, _ index: Int, on connection: Int) throws {
    guard let reach = job.reach else { throw Violation("\(index) is run as if on one database") }
    switch reach {
    case .all:
      try require(hasAll(connection), "\(index) is run by \(connection), which lacks databases")
    case .some:
      let other = known.first { workers[$0].held.contains { $0.reach == .some } }
      try require(
        other == nil, "\(index) and what \(other ?? -1) runs may wait for each other")
    }
  }

  /// Judges that a request is given back.
  mutating func checkGivenBack(_ index: Int) throws {
    let request = requests[index]
    guard let last = withdrawals.removeValue(forKey: request.connection) else {
      throw Violation("\(index) is given back, and nobody has asked")
    }
    try require(index <= last ?? .max, "\(index) is given back, which is behind the last")
    try require(request.holder == nil, "\(index) is given back, and \(request.holder ?? -1) has it")
    try require(request.database != nil, "\(index) is given back, and is no query")
  }

  /// Nothing waits whose client would have it back.
  mutating func checkWithdrawals() throws {
    for (connection, last) in withdrawals {
      if let last, requests[last].status == .ended {
        withdrawals[connection] = nil
        continue
      }
      var own = 0
      var first: Int?
      for request in seen where requests[request.index].connection == connection {
        own += 1
        switch request.place {
        case .inTurn, .urgent, .unresolved:
          guard request.index <= last ?? .max, requests[request.index].database != nil,
            !requests[request.index].isSuspect, !docket.isSuspect(requests[request.index])
          else { continue }
          first = first ?? request.index
        case .parked, .running, .streaming: break
        }
      }
      guard let first, own <= Self.mostWithdrawable else { continue }
      throw Violation("\(first) is not given back, and nobody has it")
    }
  }
}
