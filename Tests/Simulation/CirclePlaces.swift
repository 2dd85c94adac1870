import Wire

/// Where a broker's process is, or was and will be.
struct CircleSite {
  var broker: Broker
  /// By what the others know it, with the number of its start.
  var name = ""
  var starts = 0
  var isUp = false
  /// Counts what it has planned, to tell what was planned for something earlier.
  var serial = 0
  var hasTurnEnd = false
  var supervisorSequence: Int64 = 0
  var fromSupervisor = Channel()
  /// Of each peer, the attempts that it was handed over the present link, and that it has not answered,
  /// with their requests.
  var outstanding: [[Attempt: Int]]
  var links: [Int] = []
}

/// A connection to a broker.
struct CircleConnection {
  enum Owner {
    case caller(Int)
    case link(Int)
    case worker(Int)
  }

  let owner: Owner
  let site: Int
  /// The number of that broker's start.
  let start: Int
  /// Whether the broker takes it for open.
  var isAtBroker = true
  /// Whether its owner does.
  var isOpen = true
  /// Whether nothing gets through any more.
  var isCut = false
  var toBroker = Channel()
  var fromBroker = Channel()
}

/// A broker's connection to a peer, as the loop has it: when it ends, it is made again, and what was not
/// sent is kept, until the broker wants another one.
struct CircleLink {
  let site: Int
  /// By its number among the peers there.
  let peer: Int
  let target: Int
  var serial = 0
  var connection: Int?
  /// What waits for a connection.
  var queue: [CirclePacket] = []
  /// Until then no connection can be made.
  var cutUntil = Instant.start
  /// Until then nothing that is sent arrives.
  var stalledUntil = Instant.start
  /// The serial of which the broker has still to hear that a connection has ended.
  var lostSerial: Int?
}

/// A worker, with its supervisor's patience: when it ends, another one of its name is started.
struct CircleWorker {
  enum Doing {
    case away
    case waiting
    case looking
    case running
    /// Has sent a chunk, and waits for the word to go on.
    case asking
  }

  struct Run {
    let request: Int
    let number: Int
    let job: Job
    let course: Course
    let deadline: Instant
    let version: Int
    var sent = 0
    var isCancelled = false
  }

  let site: Int
  let name: String
  var serves: DatabaseSet
  var generation: Int64 = 0
  var doing = Doing.away
  var serial = 0
  var connection: Int?
  var reported: DatabaseSet?
  var run: Run?
  /// What it has still to begin of what it was given, and when it got that.
  var orders: ArraySlice<Order> = []
  var arrival = Instant.start
  var results: [(result: AttemptResult, body: CircleBody)] = []
  /// Whether its broker knows that it holds one request alone.
  var isAlone = false

  var member: Member { Member(name: name, generation: generation) }
}

struct CircleCaller {
  let site: Int
  var connection: Int?
  /// The requests that it has sent over that, and that were not answered.
  var open: [Int] = []
  /// The last version that it has seen of each database.
  var versions: [Int: String] = [:]
}

/// What a client wants.
struct CircleRequest {
  let query: Query
  let text: Int
  let parameters: Int
  let database: Int
  /// At which it enters.
  let site: Int
  let connection: Int
  /// How many workers died while they ran nothing else.
  var deaths = 0
  /// How often somebody was lost who had it.
  var losses = 0
  var hasArrived = false
  /// Whether its client has an answer, or has gone.
  var isOver = false
  /// Whether that has rows.
  var isDone = false
}
