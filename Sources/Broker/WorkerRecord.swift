internal import Wire

/// A worker that is connected.
struct WorkerRecord {
  enum State: Equatable {
    /// It waits for a reply; it stands in `Broker.idle`.
    case idle
    /// It has a request, which may have been answered otherwise meanwhile.
    case running(Attempt)
    /// It looks which databases there are.
    case rescanning
    /// It looks at which version a database is.
    case checking(String)
  }

  let member: Member
  let supervisor: String?
  let pid: Int
  var state = State.rescanning {
    didSet {
      guard case .running = state else {
        run = nil
        return
      }
    }
  }
  /// What it runs, also when nobody waits for that any more.
  var run: Run?
  /// When it was last told to look at a version.
  var checkBegun = Instant.start
  /// How many requests it has answered.
  var served = 0
  /// Nil until it has told.
  var databases: Set<ServedDatabase>?
  var names: Set<String> = []
  /// The broker's count of catalog changes when this worker last looked.
  var seenChange = 0

  /// What is remembered of a request for as long as it runs.
  struct Run {
    let connection: PeerID
    let statement: StatementKey
    /// Whether it counts against the workers that are not reserved.
    let isLong: Bool
    /// Whether a worker has died of it before.
    let isSuspect: Bool
    let begun: Instant
    /// The request, once nobody waits for it any more: a death may still be on its account.
    var abandoned: Quarantine.Account?
  }
}

/// A supervisor that is heard.
struct SupervisorRecord {
  /// What is known of one of its processes.
  struct Slot {
    var generation: Int64
    var phase: Phase
    /// What a worker of this name had when last heard: it is expected to come back with that.
    var names: Set<String> = []
  }

  var incarnation: Int64
  var lastHeard: Instant
  var slots: [String: Slot] = [:]
}
