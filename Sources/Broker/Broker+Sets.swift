package import Wire

/// What queries on several databases need to know. The loop's `Sets` splits those, and is a client of this
/// broker for each of their databases: it keeps no worker, so no two of them can wait for each other.
extension Broker {
  /// By this name those wait who want to know which databases there are. No file has it.
  static var names: String { "/" }

  /// Answers, without rows, when some worker has looked again which databases there are, as for a name
  /// that nobody has; what `knownNames` says then is what there was when this was called, or later.
  /// - Parameters:
  ///   - id: the question's, by which it can be cancelled.
  ///   - client: who asks, which scopes that.
  package mutating func look(
    _ id: String, _ payload: any Statement, from client: PeerID, over connection: PeerID,
    deadline: Instant, now: Instant
  ) {
    let message = ClientMessage.show(Show(id: id, subject: .databases, format: .json))
    let request = PendingRequest(
      message, payload, size: 0, from: client, over: connection, arrival: now,
      deadline: deadline, isForNames: true)
    let number = newNumber()
    if let key = request.key { inFlight[key] = number }
    takeIn(number, request)
  }

  /// Counts the answer to a query on several databases of which none was asked.
  package mutating func note(_ outcome: Outcome, now: Instant) {
    statistics.note(outcome, 1, now)
  }

  /// The databases that anybody here has or is to come back with, and those that peers had when they were last
  /// heard, by name: what only a peer has that is lost is not left out without a word.
  package var knownNames: [String] {
    var names = Set(servers.keys)
    for peer in peers { names.formUnion(peer.latestNames) }
    if !isDraining {
      for record in supervisors.values {
        for slot in record.slots.values { names.formUnion(slot.names) }
      }
    }
    return names.sorted()
  }

  /// How many workers have nothing to do.
  package var idleWorkers: Int { idle.count }

  /// How many requests wait for workers; those that wait for one to look for names count as one.
  package var waitingRequests: Int { queue.count + (lacksLookForNames ? 1 : 0) }

  /// Whether peers have any, which may wait for workers there.
  package var hasHandedOver: Bool { peers.contains { !$0.handed.isEmpty } }

  /// Whether a client has something in flight by this name.
  package func hasInFlight(_ id: String, of client: PeerID) -> Bool {
    inFlight[ClientRequestID(client: client, id: id)] != nil
  }

  /// A number that no request here has had.
  package mutating func newNumber() -> UInt64 {
    defer { nextNumber += 1 }
    return nextNumber
  }
}
