internal import DequeModule

/// The requests that wait for a worker, by their numbers, which count up in order of arrival.
///
/// Turns go round over the clients, and for each client over its lanes, so that whoever has one
/// request waits for one turn of each other client, however many those have. A client is a
/// connection, whatever the envelopes in it: those cost their sender nothing. What has lost its
/// worker comes before all turns, and so does what is suspected to kill workers: that may have to
/// wait for another such, and should not hold its client's lane up.
struct RequestQueue {
  /// What can be run by the same workers.
  struct Lane: Hashable {
    let database: String
    /// Of its statements so far.
    let pace: StatementHistory.Pace
  }

  struct Client {
    var lanes: [Lane: Deque<UInt64>] = [:]
    var turns = Rota<Lane>()
  }

  private(set) var clients: [PeerID: Client] = [:]
  private(set) var turns = Rota<PeerID>()
  /// What goes first, in order of arrival, with the lane of each.
  private(set) var urgent: Deque<UInt64> = []
  private(set) var urgentLanes: [UInt64: Lane] = [:]
  /// How many wait in a lane, whoever sent them.
  private(set) var waiting: [Lane: Int] = [:]
  private(set) var count = 0
  /// The sum of the requests' sizes.
  private(set) var bytes = 0

  var isEmpty: Bool { count == 0 }

  /// The databases that somebody waits for.
  var databases: Set<String> { Set(waiting.keys.map(\.database)) }

  mutating func insert(_ number: UInt64, of client: PeerID, in lane: Lane, size: Int) {
    clients[client, default: Client()].lanes[lane, default: []].insertInOrder(number)
    clients[client]?.turns.join(lane)
    turns.join(client)
    note(lane, 1, size)
  }

  /// Takes a request that comes before all turns.
  mutating func insertUrgent(_ number: UInt64, in lane: Lane, size: Int) {
    urgent.insertInOrder(number)
    urgentLanes[number] = lane
    note(lane, 1, size)
  }

  mutating func remove(_ number: UInt64, of client: PeerID, in lane: Lane, size: Int) {
    if urgentLanes.removeValue(forKey: number) != nil {
      _ = urgent.removeInOrder(number)
    } else {
      guard clients[client]?.lanes[lane]?.removeInOrder(number) ?? false else { return }
      tidy(client, lane)
    }
    note(lane, -1, -size)
  }

  private mutating func note(_ lane: Lane, _ more: Int, _ size: Int) {
    waiting[lane, default: 0] += more
    if waiting[lane] == 0 { waiting[lane] = nil }
    count += more
    bytes += size
  }

  private mutating func tidy(_ client: PeerID, _ lane: Lane) {
    guard clients[client]?.lanes[lane]?.isEmpty ?? false else { return }
    clients[client]?.lanes[lane] = nil
    clients[client]?.turns.leave(lane)
    guard clients[client]?.lanes.isEmpty ?? false else { return }
    clients[client] = nil
    turns.leave(client)
  }

  /// The request whose turn it is among those in lanes that can be served. Its client has had its
  /// turn then; the request remains until it is removed.
  ///
  /// - Parameters:
  ///   - isHeld: whether one that comes before all turns has to wait all the same.
  ///   - isExcluded: whether a client gets no turn for now.
  mutating func next(
    where canServe: (Lane) -> Bool, unless isHeld: (UInt64) -> Bool,
    exceptOf isExcluded: (PeerID) -> Bool = { _ in false }
  ) -> UInt64? {
    guard waiting.keys.contains(where: canServe) else { return nil }
    let first = urgent.first { number in
      urgentLanes[number].map(canServe) ?? false && !isHeld(number)
    }
    if let first { return first }
    return turns.next { client in
      guard let lanes = clients[client]?.lanes, !isExcluded(client) else { return nil }
      return clients[client]?.turns.next { canServe($0) ? lanes[$0]?.first : nil }
    }
  }

  /// Whether anything waits in a lane that satisfies the predicate.
  func contains(where serves: (Lane) -> Bool) -> Bool { waiting.keys.contains(where: serves) }

  /// All that wait for a database, in order of arrival.
  func numbers(for database: String) -> [UInt64] {
    let first = urgent.filter { urgentLanes[$0]?.database == database }
    let others = clients.values.flatMap { client in
      client.lanes.flatMap { lane, numbers in lane.database == database ? Array(numbers) : [] }
    }
    return (first + others).sorted()
  }
}
