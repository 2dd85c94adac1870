import Wire

/// What those see who check a broker from outside.
extension Broker {
  func forEachRequest(_ body: (SeenRequest) throws -> Void) rethrows {
    let areTooMany = casualties.areTooMany(besides: workers.count)
    for (number, request) in requests {
      let place: SeenRequest.Place
      switch request.state {
      case .queued(let lane):
        let isUrgent = queue.urgentLanes[number] != nil
        place = isUrgent ? .urgent(isShort: lane.isShort) : .inTurn(isShort: lane.isShort)
      case .unresolved: place = .unresolved
      case .parked: place = .parked
      case .running, .handed: place = request.chunks > 0 ? .streaming : .running
      }
      try body(
        SeenRequest(
          number: number, index: Sent.of(request.payload).request, place: place,
          attempts: request.attempts, tries: request.tries,
          deaths: request.deaths, isSuspect: request.isSuspect,
          isHeld: request.isSuspect && areTooMany
            || casualties.hold(request.connection, besides: workers.count),
          deadline: request.deadline, credit: request.credit))
    }
  }

  func forEachWorker(_ body: (SeenWorker) throws -> Void) rethrows {
    for (peer, worker) in workers {
      let place: SeenWorker.Place
      switch worker.state {
      case .idle: place = .idle
      case .running:
        let isWanted = worker.runs.contains { isCurrent($0.attempt) }
        place =
          worker.stalledSince != nil
          ? .stalled : !isWanted ? .abandoning : worker.runs.count > 1 ? .several : .running
      case .rescanning: place = .rescanning
      case .checking: place = .checking
      }
      try body(
        SeenWorker(
          peer: peer, place: place, holds: worker.runs.count, runsLong: worker.runsLong,
          runsSuspect: worker.runsSuspect))
    }
  }

  /// The workers that wait, in the order in which they are given requests.
  var waitingWorkers: [PeerID] { idle.map(\.peer) }

  /// The workers that wait for readers, in the order in which they began to.
  var stalledWorkers: [PeerID] { stalled }

  /// What waits for a worker to look for it, while none is idle: names, and versions of watched databases.
  func missingLooks(_ now: Instant) -> (forNames: Bool, atVersions: [String]) {
    let late = lateLooks.filter { $0.from <= now }
    return (hasUnasked && idle.isEmpty && round == nil, late.map(\.database))
  }

  /// Where a supervised process stands; nil when nothing is known of it.
  func phase(of name: String, under supervisor: String) -> Phase? {
    supervisors[supervisor]?.slots[name]?.phase
  }

  func isHearing(_ supervisor: String) -> Bool { supervisors[supervisor] != nil }
}

/// A request that has no final answer yet.
struct SeenRequest {
  enum Place: Hashable, Sendable {
    /// It waits for its client's turn.
    case inTurn(isShort: Bool)
    /// It waits in front of all turns.
    case urgent(isShort: Bool)
    case unresolved
    case parked
    case running
    /// A worker has it, and a part of its result was sent.
    case streaming

    /// Whether a worker has it.
    var isHeld: Bool { self == .running || self == .streaming }
  }

  let number: UInt64
  /// In the ledger.
  let index: Int
  let place: Place
  let attempts: Int
  let tries: Int
  let deaths: Int
  let isSuspect: Bool
  /// Whether it waits for the successors of workers that have died.
  let isHeld: Bool
  let deadline: Instant
  /// How many more chunks its client wants.
  let credit: Int?
}

/// A worker that is connected.
struct SeenWorker {
  enum Place: Hashable, Sendable {
    case idle
    case running
    /// It runs several, one behind the other.
    case several
    /// It waits in the middle of a result until its reader wants more.
    case stalled
    /// It runs what nobody waits for.
    case abandoning
    case rescanning
    case checking
  }

  let peer: PeerID
  let place: Place
  /// How many requests it has.
  let holds: Int
  let runsLong: Bool
  let runsSuspect: Bool
}
