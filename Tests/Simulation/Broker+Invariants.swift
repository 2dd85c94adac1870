import DequeModule
import HeapModule
import Wire

/// What must hold between any two inputs.
extension Broker {
  /// What does not fit together, or has grown beyond its bound; nil when all is well.
  ///
  /// It looks at everything, so it takes time in proportion to that.
  var inconsistency: String? {
    inconsistencyOfRequests ?? inconsistencyOfWorkers ?? queue.inconsistency ?? inconsistencyOfNames
      ?? excess
  }

  private var inconsistencyOfRequests: String? {
    var places = (queued: 0, unresolved: 0, parked: 0, running: 0)
    var sizes = (queued: 0, unresolved: 0, parked: 0)
    var ids = 0
    var handed = 0
    for (number, request) in requests {
      switch request.state {
      case .queued:
        places.queued += 1
        sizes.queued += request.size
      case .unresolved:
        places.unresolved += 1
        sizes.unresolved += request.size
      case .parked:
        places.parked += 1
        sizes.parked += request.size
      case .running(let peer):
        places.running += 1
        let attempt = Attempt(job: number, number: request.attempts)
        guard workers[peer]?.index(of: attempt) != nil else {
          return "nobody runs \(number)"
        }
      case .handed(let peer):
        handed += 1
        guard peers[peer].handed[number] != nil else { return "no peer has \(number)" }
      }
      if !(clients[request.connection]?.numbers.contains(number) ?? false) {
        return "\(number) is not among its connection's requests"
      }
      guard let key = request.key else { continue }
      ids += 1
      guard inFlight[key] == number else {
        return "\(number) is not in flight under its id"
      }
    }
    if places.queued != queue.count || sizes.queued != queue.bytes { return "queue's counts" }
    if places.unresolved != unresolved.count || sizes.unresolved != unresolved.bytes {
      return "the unresolved requests' counts"
    }
    let lists = unresolved.lanes[""]?.count ?? 0
    let sought = clients.values.reduce(0) { $0 + $1.unresolved }
    if sought != unresolved.count - lists { return "whose the unresolved requests are" }
    if places.parked != parked.count || sizes.parked != parked.bytes { return "parked counts" }
    if peers.reduce(0, { $0 + $1.handed.count }) != handed { return "what peers have" }
    for peer in peers where peer.watches != peer.handed.keys.count(where: peer.keepsWatch) {
      return "how many at \(peer.endpoint) wait for changes"
    }
    if ids != inFlight.count { return "\(inFlight.count) ids in flight, of \(ids) requests" }
    if let problem = inconsistencyOfClients { return problem }
    let due = Set(deadlines.unordered.map(\.number))
    return requests.keys.contains { !due.contains($0) } ? "a request without a deadline" : nil
  }

  private var inconsistencyOfClients: String? {
    let counted = clients.values.reduce(0) { $0 + $1.numbers.count }
    if counted != requests.count { return "clients have \(counted) of \(requests.count) requests" }
    for (connection, client) in clients {
      let own = client.numbers.compactMap { requests[$0] }
      let waiting = own.filter(\.isWaiting)
      guard !own.isEmpty, client.numbers.isAscending,
        client.bytes == own.reduce(0, { $0 + $1.size }), client.waiting == waiting.count,
        client.waitingBytes == waiting.reduce(0, { $0 + $1.size })
      else { return "what is counted of client \(connection.description)" }
    }
    return nil
  }

  private var inconsistencyOfWorkers: String? {
    var served: [String: Int] = [:]
    for (peer, worker) in workers {
      guard connections[worker.member.name] == peer else { return "two \(worker.member.name)" }
      guard worker.peer == peer, idle.contains(where: { $0 === worker }) == (worker.state == .idle)
      else {
        return "\(worker.member) is idle or not"
      }
      guard worker.runs.isEmpty == (worker.state != .running) else {
        return "\(worker.member) runs or not"
      }
      guard stalled.contains(peer) == (worker.stalledSince != nil) else {
        return "\(worker.member) is stalled or not"
      }
      if worker.stalledSince != nil {
        guard worker.runs.count == 1, let run = worker.runs.first,
          let request = heldRequest(run, by: peer), request.credit == 0, request.chunks > 0
        else { return "\(worker.member) is stalled, and nothing keeps it" }
      }
      for name in worker.names { served[name, default: 0] += 1 }
    }
    if connections.count != workers.count { return "names without workers" }
    if Set(stalled).count != stalled.count || !stalled.allSatisfy({ workers[$0] != nil }) {
      return "the list of stalled workers"
    }
    if Set(idle.map(\.peer)).count != idle.count || !idle.allSatisfy({ workers[$0.peer] === $0 }) {
      return "the list of idle workers"
    }
    let checking = workers.filter { if case .checking = $1.state { true } else { false } }
    if Set(looks.keys) != Set(checking.keys) { return "the list of workers that look at versions" }
    if servers != served { return "counts of who serves what" }
    let looking = lostInRound.union(round?.asked ?? [])
    if !looking.allSatisfy({ workers[$0]?.state == .rescanning }) {
      return "a worker is waited for that does not look"
    }
    return nil
  }

  private var inconsistencyOfNames: String? {
    let expected = supervisors.values.reduce(into: Set(servers.keys)) { names, supervisor in
      for slot in supervisor.slots.values { names.formUnion(slot.names) }
    }
    // Somebody looks again for those who wait for a change.
    if let blind = parked.databases.first(where: { isServedHere($0) && versions.checks[$0] == nil })
    {
      return "nobody looks at \(blind), and somebody waits for a change"
    }
    let known = Set(versions.known.keys).union(versions.checks.keys)
    let strange = known.subtracting(expected)
    return strange.isEmpty ? nil : "versions of \(strange.sorted()), which nobody has"
  }

  /// What has grown beyond its bound.
  private var excess: String? {
    let waiting = queue.count + unresolved.count + parked.count
    // Those that were running have lost their workers.
    let begun = requests.values.count { $0.attempts > 0 }
    if waiting > configuration.maxQueuedRequests + begun { return "\(waiting) requests wait" }
    if deadlines.count > 2 * requests.count + 1025 { return "\(deadlines.count) deadlines" }
    if history.recent.count + history.older.count > 2 * StatementHistory.capacity {
      return "the statements' history"
    }
    if peers.contains(where: { $0.watches > $0.capacity?.watches ?? .max }) {
      return "what waits for changes at a peer"
    }
    if quarantine.accounts.count > Quarantine.capacity
      || quarantine.entries.count > Quarantine.capacity
    {
      return "quarantine"
    }
    return nil
  }
}

extension RequestQueue {
  fileprivate var inconsistency: String? {
    var counts: [Lane: Int] = [:]
    for count in urgentLanes.values { counts[count.lane, default: 0] += 1 }
    for (peer, client) in clients {
      if client.lanes.isEmpty
        || client.lanes.count > 1 && client.lanes.contains(where: \.numbers.isEmpty)
      {
        return "an empty lane"
      }
      for own in client.lanes where !own.numbers.isEmpty {
        counts[own.count.lane, default: 0] += own.numbers.count
        if !own.numbers.isAscending { return "a lane out of order" }
        if lanes[own.count.lane] !== own.count { return "a lane that is counted twice" }
      }
      if Set(client.lanes.map(\.count.lane)).count != client.lanes.count { return "a lane twice" }
      if turns.count(where: { $0.peer == peer && $0.client === client }) != 1 {
        return "the clients' turns"
      }
    }
    let waiting = clients.values.count { !$0.isEmpty }
    if clientsWaiting != waiting { return "how many clients wait" }
    if turns.count != clients.count || turns.count > 2 * clientsWaiting + Self.fewTurns {
      return "\(turns.count) turns"
    }
    if !urgent.isAscending || Set(urgent) != Set(urgentLanes.keys) { return "what goes first" }
    return counts == lanes.mapValues(\.waiting) ? nil : "the counts of lanes"
  }
}

extension Collection<UInt64> {
  fileprivate var isAscending: Bool { zip(self, dropFirst()).allSatisfy { $0 < $1 } }
}
