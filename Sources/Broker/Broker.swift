internal import HeapModule
package import Wire

/// The read broker: takes requests, queues them, gives each to the least recently used idle worker
/// that has the database, and sees to it that each gets exactly one final answer.
///
/// It is a value that is told what has happened and says what is to be done. It owns no socket,
/// reads no clock and starts no thread. What the loop around it needs to pass a request on and to
/// answer it is a `Statement`, and a result as a worker rendered it is a `Body`: the broker looks
/// into neither, and is not generic over them, which would cost it most of its time.
///
/// Each input is a method that takes the time and leaves `Effect`s in `effects`, which the loop
/// takes out and carries out in order. When it has told all that has come, it calls `settle`.
///
/// What only reads it, and is called for each request, is inlined: for such a call Swift copies all of it.
package struct Broker {
  let configuration: Configuration
  /// What is to be done.
  package var effects: [Effect] = []

  /// All requests without a final answer.
  var requests = RequestTable()
  /// The number of the next request, which no earlier router of this machine has given: they begin with
  /// the clock's microseconds, and none takes a million requests a second. What a worker has to say of an
  /// attempt may come when its router is dead and another one is bound where that was; it is about none
  /// of the other one's.
  var nextNumber: UInt64
  /// What clients have in flight under ids of their own.
  var inFlight: [ClientRequestID: UInt64] = [:]
  /// What each connection has in flight; only those that have anything.
  var clients: [PeerID: ClientRecord] = [:]
  /// That of the last who sent a request, and mostly sends more; it may have nothing in flight now.
  var latestClient: (peer: PeerID, record: ClientRecord)?
  /// The connections that were shown something, and until when they are not shown more.
  var shown: [PeerID: Instant] = [:]
  var queue = RequestQueue()
  var history = StatementHistory()
  var quarantine: Quarantine
  var casualties = Casualties()
  var statistics: Statistics
  /// When requests expire; some may be gone already.
  var deadlines = Heap<Expiry>()

  var workers: [PeerID: WorkerRecord] = [:]
  /// The current connection of each worker, by its name.
  var connections: [String: PeerID] = [:]
  /// Whether any worker was a thread of a process.
  var hasThreads = false
  /// The workers that wait, least recently used first.
  var idle: [WorkerRecord] = []
  /// The workers that wait for readers, in the order in which they began to.
  var stalled: [PeerID] = []
  /// The requests with which peers wait for readers, in the order in which that began.
  var stalledAtPeers: [UInt64] = []
  /// How many connected workers have a database.
  var servers: [String: Int] = [:]
  /// One of those, or nothing: who asks for a database mostly asks for it again.
  var latestServed = ""
  var supervisors: [String: SupervisorRecord] = [:]

  /// The brokers to which requests may be handed, in the configuration's order.
  let peers: [PeerBroker]
  /// Connections on which other brokers ask, with their names.
  var askers: [PeerID: String] = [:]
  /// Until then no worker looks for databases on their behalf.
  var nextLookForAskers = Instant.start
  /// The databases that they were last offered, and how often those have changed.
  var offer: (databases: [ServedDatabase], revision: Int) = ([], 0)
  /// Requests that have come far, and for whose databases there is nobody here any more.
  var strays: [UInt64] = []

  /// Requests for databases that nobody has, and for the list of databases.
  /// The lists are asked for under the empty name, which no database has.
  var unresolved = DatabaseLanes()
  /// Requests that wait for a change of their database.
  var parked = DatabaseLanes()
  var versions = DatabaseVersions()
  /// Until then the only idle worker looks at no database's version for which nobody waits.
  var nextCheck = Instant.start
  /// Until then no look goes before requests.
  var nextLateCheck = Instant.start
  /// The workers that look at versions, and since when.
  var looks: [PeerID: Instant] = [:]
  /// Workers look again for the unresolved requests.
  var round: Round?
  /// Those that were waited for in vain then, and have not come back.
  var lostInRound: Set<PeerID> = []
  /// Until then no other round is begun: who asks for names that nobody has must not keep the
  /// workers looking.
  var nextRound: Instant
  /// Whether there are unresolved requests for which no worker has looked yet.
  var hasUnasked = false
  /// Whether a name may be served that was not when the unresolved were last looked through.
  var hasNewNames = false
  /// Whether a name may be served, or expected, no more since the queue was last looked through.
  var hasLostNames = false
  /// All databases, for those who ask; nil when it has to be made anew.
  var databaseList: [ListedDatabase]?
  /// How often a worker found that its databases had changed.
  var catalogChanges = 0

  /// Until then, workers that this broker does not know yet may still come.
  var settled: Instant
  var lastTick: Instant
  package private(set) var isDraining = false
  package private(set) var drainEnd: Instant?
  /// How many queries on several databases are in flight, whose next parts are still to come.
  package var openSets = 0

  package init(_ configuration: Configuration, now: Instant) {
    self.configuration = configuration
    nextNumber = UInt64(clamping: now.microseconds)
    quarantine = Quarantine(deaths: configuration.tries)
    statistics = Statistics(now: now)
    peers = configuration.peers.map { PeerBroker($0, now: now) }
    nextRound = now
    settled = now.adding(milliseconds: Constants.settleMilliseconds)
    lastTick = now
  }

  /// Takes no new requests from now on. Those there are get their answers. A second time, only an earlier
  /// end counts.
  /// - Parameter end: what has none by then is answered that this router is about to end; nil for
  ///   never.
  package mutating func drain(now: Instant, end: Instant? = nil) {
    guard !isDraining else {
      if let end { drainEnd = drainEnd.map { min($0, end) } ?? end }
      return
    }
    isDraining = true
    drainEnd = end
    hasLostNames = true
    effects.append(.publish(Line("router.draining").with("requests", requests.total)))
    let handedWatches = peers.flatMap { $0.handed.keys }
      .filter { requests[$0]?.waitsForChange ?? false }
    for number in parked.numbers + handedWatches.sorted() {
      finish(number, .failure(Self.draining), now: now)
    }
  }

  /// Whether every request has its final answer.
  package var isEmpty: Bool { requests.isEmpty }
}

/// A client's own id of a request. Clients choose them, so they are hashed as what withstands an
/// adversary.
package struct ClientRequestID: HashedOnce {
  let client: PeerID
  let id: String
  package let hash: Int

  package init(client: PeerID, id: String) {
    self.client = client
    self.id = id
    var hasher = Hasher()
    hasher.combine(client)
    var id = id
    // By bytes: to `String`, two spellings of one character are equal.
    id.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hash = hasher.finalize()
  }

  package static func == (a: Self, b: Self) -> Bool {
    // Ids that differ in their spelling alone have other hashes.
    a.hash == b.hash && a.client == b.client && a.id == b.id
  }
}

/// When a request's time is over.
struct Expiry: Comparable {
  let time: Instant
  let number: UInt64

  static func < (a: Expiry, b: Expiry) -> Bool {
    let (time, other) = (a.time.microseconds, b.time.microseconds)
    return time == other ? a.number < b.number : time < other
  }
}
