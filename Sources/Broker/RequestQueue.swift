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
  struct Lane: HashedOnce {
    let database: String
    /// Whether its statements have been short so far: workers may be reserved for those.
    let isShort: Bool
    package let hash: Int

    init(database: String, isShort: Bool) {
      self.database = database
      self.isShort = isShort
      hash = database.hashValue ^ (isShort ? 1 : 0)
    }

    package static func == (a: Self, b: Self) -> Bool {
      a.hash == b.hash && a.isShort == b.isShort && a.database == b.database
    }
  }

  /// What waits in a lane, whoever sent it. Counted once for all who have something there, so that
  /// one look at it decides for all.
  final class LaneCount {
    let lane: Lane
    @exclusivity(unchecked) var waiting = 0

    init(_ lane: Lane) { self.lane = lane }
  }

  /// What waits of a client in a lane.
  final class ClientLane {
    @exclusivity(unchecked) fileprivate(set) var count: LaneCount
    @exclusivity(unchecked) var numbers: Deque<UInt64> = []
    /// As how many those count.
    @exclusivity(unchecked) var waiting = 0

    init(_ count: LaneCount) { self.count = count }
  }

  /// A client, with its lanes in the order of their next turns. One that is empty is the only one: it
  /// is kept, as what comes next mostly belongs there.
  final class Client {
    /// Up to so many are looked through.
    private static let few = 4

    @exclusivity(unchecked) fileprivate(set) var lanes: Deque<ClientLane> = []
    /// All of them, once there were more than a few.
    private var index: [Lane: ClientLane] = [:]

    var isEmpty: Bool { lanes.first?.numbers.isEmpty ?? true }

    @inline(__always)
    func lane(_ lane: Lane) -> ClientLane? {
      // The one that has had its turn is what is taken out.
      if let last = lanes.last, last.count.lane == lane { return last }
      guard index.isEmpty else { return index[lane] }
      return lanes.first { $0.count.lane == lane }
    }

    fileprivate func add(_ lane: ClientLane) {
      if isEmpty {
        lanes.removeAll(keepingCapacity: true)
        index.removeAll()
      }
      lanes.append(lane)
      if !index.isEmpty {
        index[lane.count.lane] = lane
      } else if lanes.count > Self.few {
        for lane in lanes { index[lane.count.lane] = lane }
      }
    }

    fileprivate func leave(_ lane: ClientLane) {
      guard lanes.count > 1 else { return }
      if let place = lanes.lastIndex(where: { $0 === lane }) { lanes.remove(at: place) }
      if !index.isEmpty { index[lane.count.lane] = nil }
    }
  }

  /// How many turns there may be of clients that have nothing, however few have something.
  static let fewTurns = 16

  /// Those that have turns.
  private(set) var clients: [PeerID: Client] = [:]
  /// One of those: who has sent something mostly sends more.
  private var latest: (peer: PeerID, client: Client)?
  /// How many of those have something.
  private(set) var clientsWaiting = 0
  /// The clients in the order of their next turns. Those that have nothing any more are passed over, and
  /// forgotten when the next turn would be theirs, or when there are more of them than of others: to
  /// leave costs nothing, and to come back before that neither.
  private(set) var turns: Deque<(peer: PeerID, client: Client)> = []
  /// What goes first, in order of arrival, with the lane of each.
  private(set) var urgent: Deque<UInt64> = []
  private(set) var urgentLanes: [UInt64: LaneCount] = [:]
  /// The lanes in which something waits.
  private(set) var lanes: [Lane: LaneCount] = [:]
  private(set) var count = 0
  /// The sum of the requests' sizes.
  private(set) var bytes = 0

  var isEmpty: Bool { count == 0 }

  /// The databases that somebody waits for.
  var databases: Set<String> { Set(lanes.keys.map(\.database)) }

  /// - Parameter weight: as how many requests it counts.
  mutating func insert(
    _ number: UInt64, of peer: PeerID, in lane: Lane, counting weight: Int = 1, size: Int
  ) {
    let client = known(peer) ?? newClient(peer)
    if client.isEmpty { clientsWaiting += 1 }
    let own: ClientLane
    if let known = client.lane(lane) {
      own = known
      if own.numbers.isEmpty { own.count = laneCount(lane, own.count) }
    } else {
      own = ClientLane(laneCount(lane))
      client.add(own)
    }
    own.numbers.insertInOrder(number)
    own.waiting += weight
    note(own.count, weight, size)
  }

  private mutating func newClient(_ peer: PeerID) -> Client {
    let new = Client()
    clients[peer] = new
    turns.append((peer, new))
    return new
  }

  @inline(__always)
  private mutating func known(_ peer: PeerID) -> Client? {
    if let latest, latest.peer == peer { return latest.client }
    guard let client = clients[peer] else { return nil }
    latest = (peer, client)
    return client
  }

  /// - Parameter former: that of the lane when something waited there last.
  private mutating func laneCount(_ lane: Lane, _ former: LaneCount? = nil) -> LaneCount {
    if let known = lanes[lane] { return known }
    let count = former ?? LaneCount(lane)
    lanes[lane] = count
    return count
  }

  /// Takes a request that comes before all turns.
  mutating func insertUrgent(
    _ number: UInt64, in lane: Lane, counting weight: Int = 1, size: Int
  ) {
    let count = laneCount(lane)
    urgent.insertInOrder(number)
    urgentLanes[number] = count
    note(count, weight, size)
  }

  mutating func remove(
    _ number: UInt64, of peer: PeerID, in lane: Lane, counting weight: Int = 1, size: Int
  ) {
    if !urgent.isEmpty, let count = urgentLanes.removeValue(forKey: number) {
      _ = urgent.removeInOrder(number)
      return note(count, -weight, -size)
    }
    guard let client = known(peer), let own = client.lane(lane),
      own.numbers.removeInOrder(number)
    else { return }
    own.waiting -= weight
    note(own.count, -weight, -size)
    guard own.numbers.isEmpty else { return }
    client.leave(own)
    guard client.isEmpty else { return }
    clientsWaiting -= 1
    if turns.count > 2 * clientsWaiting + Self.fewTurns { forgetIdle() }
  }

  /// Those who have nothing any more must not pile up behind one whose turn does not come.
  private mutating func forgetIdle() {
    turns.removeAll { $0.client.isEmpty }
    clients = clients.filter { !$0.value.isEmpty }
    latest = nil
  }

  @inline(__always)
  private mutating func note(_ lane: LaneCount, _ more: Int, _ size: Int) {
    lane.waiting += more
    if lane.waiting == 0 { lanes[lane.lane] = nil }
    count += more
    bytes += size
  }

  /// A request whose turn it is.
  struct Turn {
    let number: UInt64
    /// Where its client stands, and there its lane; nil for one that comes before all turns.
    fileprivate let place: (client: Int, lane: Int)?
  }

  /// The request whose turn it is among those in lanes that can be served.
  ///
  /// - Parameters:
  ///   - isHeld: whether one that comes before all turns has to wait all the same.
  ///   - isExcluded: whether a client gets no turn for now.
  ///   - isWanted: asked of that request; if it is not, there is none, and its turn is still to come.
  ///   - passesOver: whether then one that is wanted goes before it.
  func turn(
    where canServe: (Lane) -> Bool, unless isHeld: (UInt64) -> Bool,
    exceptOf isExcluded: (PeerID) -> Bool = { _ in false },
    only isWanted: (UInt64) -> Bool = { _ in true }, passesOver: Bool = false
  ) -> Turn? {
    if !urgent.isEmpty {
      let first = urgent.first { number in
        urgentLanes[number].map { canServe($0.lane) } ?? false && !isHeld(number)
          && (!passesOver || isWanted(number))
      }
      if let first { return isWanted(first) ? Turn(number: first, place: nil) : nil }
    }
    for index in turns.indices where !turns[index].client.isEmpty {
      let client = turns[index].client
      for lane in client.lanes.indices where canServe(client.lanes[lane].count.lane) {
        if isExcluded(turns[index].peer) { break }
        guard let number = client.lanes[lane].numbers.first else { continue }
        if isWanted(number) { return Turn(number: number, place: (index, lane)) }
        guard passesOver else { return nil }
      }
    }
    return nil
  }

  /// Its client has had its turn then; the request remains until it is removed.
  mutating func take(_ turn: Turn) {
    guard let place = turn.place else { return }
    let client = turns[place.client].client
    if client.lanes.count > 1 { client.lanes.append(client.lanes.remove(at: place.lane)) }
    guard turns.count > 1 else { return }
    turns.append(turns.remove(at: place.client))
    // The one that was put last has something.
    while turns[0].client.isEmpty {
      clients[turns.removeFirst().peer] = nil
      latest = nil
    }
  }

  /// Whether anything waits in a lane that satisfies the predicate.
  func contains(where serves: (Lane) -> Bool) -> Bool { lanes.keys.contains(where: serves) }

  /// How much waits in such lanes.
  func count(where serves: (Lane) -> Bool) -> Int {
    lanes.values.reduce(0) { $0 + (serves($1.lane) ? $1.waiting : 0) }
  }

  /// How much of that waits for a client's turns.
  func count(of peer: PeerID, where serves: (Lane) -> Bool) -> Int {
    clients[peer]?.lanes.reduce(0) { $0 + (serves($1.count.lane) ? $1.waiting : 0) } ?? 0
  }

  /// All that wait for a database, in order of arrival.
  func numbers(for database: String) -> [UInt64] {
    let first = urgent.filter { urgentLanes[$0]?.lane.database == database }
    let others = clients.values.flatMap { client in
      client.lanes.flatMap { $0.count.lane.database == database ? Array($0.numbers) : [] }
    }
    return (first + others).sorted()
  }
}
