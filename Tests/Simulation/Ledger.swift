import Wire

/// What each request was promised, and what the router has done about it: an account from outside,
/// by which the router is judged after each step.
struct Ledger {
  final class Request {
    enum Status {
      case onItsWay
      /// One of the same id was in flight.
      case repeated
      case open
      case ended
    }

    let sent: Sent
    let message: ClientMessage
    let connection: Int
    let envelope: Int
    let size: Int
    /// Nil when it asks the router itself.
    let database: Int?
    var status = Status.onItsWay
    var limit = Instant.start
    var place: SeenRequest.Place?
    /// How often it was given to a worker.
    var attempts = 0
    /// How often it was begun, as far as the router can know.
    var tries = 0
    /// Whether the last attempt was given back.
    var isGivenBack = false
    /// Whether it has lost its worker, and so may not be run together with others.
    var isReturned = false
    /// Whether it may kill its worker, for all that is known: then it is run alone.
    var isSuspect = false
    var deaths = 0
    /// The connection of the worker that has it.
    var holder: Int?
    /// Whether a worker has said that the database is as the client knows it.
    var wasUnchanged = false
    /// Whether its sender has the answer.
    var hasArrived = false
    /// How many more chunks may be sent; nil when its result is to come in one message.
    var credit: Int?
    /// How many were sent, and how many its sender has.
    var chunks = 0
    var arrivedChunks = 0
    /// Whether the last one had no room when its end, an error, was on its way.
    var hasLostChunk = false
    /// Where it stands in `seen`, if it does.
    var seat = 0

    init(
      _ sent: Sent, _ message: ClientMessage, connection: Int, envelope: Int, size: Int,
      database: Int?
    ) {
      self.sent = sent
      self.message = message
      self.connection = connection
      self.envelope = envelope
      self.size = size
      self.database = database
      if case .query(let query) = message { credit = query.credit }
    }
  }

  /// A connection of a worker.
  struct Worker {
    struct Held {
      let request: Int
      let attempt: Attempt
      let isSuspect: Bool
      /// Later by as much as it has waited for its reader.
      var begun: Instant
      var isAbandoned = false
    }

    var member: Member?
    var isKnown = false
    var serves = DatabaseSet.empty
    /// In the order in which it runs that.
    var held: [Held] = []
    /// Since when its reader has wanted nothing more.
    var stalledSince: Instant?
    /// Whether it was told to break a result off, and has not been heard since.
    var isStopped = false
    /// Whether its process has really ended, or counts as stuck.
    var hasEnded = false
    /// Whether it was told to end.
    var wasDismissed = false
    var stage = WorkerStage.absent
  }

  let configuration: Configuration
  var requests: [Request] = []
  var workers: [Worker] = []
  /// By the numbers that routers gave them, of which none comes again.
  var numbered: [UInt64: Int] = [:]
  var open: Set<Int> = []
  /// By envelope and id.
  var inFlight: [Key: Int] = [:]
  /// Those that wait for a reply, in the order in which they began to.
  var idle: [Int] = []
  /// Those that have sent a chunk and wait for the word to go on, in the order in which they began to.
  var asking: [Int] = []
  /// Those that were told to stop in this step.
  var stopped: [Int] = []
  /// The workers that waited for readers before this step, and of how many.
  var before: (stalled: [Int], count: Int) = ([], 0)
  /// Since when those did.
  var stalledBefore: [Int: Instant] = [:]
  /// The workers that the router knows.
  var known: [Int] = []
  /// The generations of which the router has been told that their supervisors end them, and those.
  var announced: [Int64: Int] = [:]
  /// The last incarnation of each supervisor that the router has heard.
  var heard: [Int: Int64] = [:]
  /// The request that the router is told of now.
  var arriving: Int?
  /// Until when a client is not shown anything more.
  var shown: [Int: Instant] = [:]
  /// The worker that has spoken last.
  var speaker: Member?
  var docket = Docket()
  var history = RunTimes()
  var turns = Turns()
  /// How many requests were answered in this step.
  var answered = 0
  /// Those that are not counted in this step.
  var excused: [Int] = []
  /// Each client's turns among its lanes.
  var laneTurns: [Turns] = []
  let coverage: Coverage
  var isDraining = false
  var reviews = 0
  /// Sums up what the router did, to tell whether two runs are the same.
  private(set) var digest: UInt64 = 0
  var seen: [SeenRequest] = []
  var seenWorkers: [SeenWorker] = []
  var missingLooks: (forNames: Bool, atVersions: [String]) = (false, [])

  struct Key: Hashable {
    let envelope: Int
    let id: String
  }

  init(_ configuration: Configuration, _ coverage: Coverage) {
    self.coverage = coverage
    self.configuration = configuration
    docket.deaths = configuration.tries
  }

  mutating func sum(_ number: Int) {
    digest = (digest ^ UInt64(truncatingIfNeeded: number)) &* 0x100_0000_01b3
  }

  static func connection(_ peer: PeerID) throws -> Int {
    guard case .short(let word) = peer else { throw Violation("nobody has the id \(peer)") }
    return Int(word >> 8)
  }

  static func name(_ peer: PeerID) -> String {
    (try? connection(peer)).map(String.init) ?? peer.description
  }

  static func peer(_ connection: Int) -> PeerID { .short(UInt64(connection) << 8 | 5) }

  /// A router has died, and all that it knew with it.
  mutating func forget() {
    for index in open { requests[index].status = .ended }
    for index in workers.indices {
      workers[index].isKnown = false
      workers[index].held = []
      workers[index].stalledSince = nil
      workers[index].isStopped = false
      workers[index].stage = .absent
    }
    open = []
    inFlight = [:]
    shown = [:]
    idle = []
    asking = []
    known = []
    announced = [:]
    heard = [:]
    docket = Docket()
    docket.deaths = configuration.tries
    history = RunTimes()
    turns = Turns()
    laneTurns = []
    isDraining = false
  }
}
