internal import DequeModule
internal import Wire

/// A worker that is connected.
final class WorkerRecord {
  enum State: Equatable {
    /// It waits for a reply; it stands in `Broker.idle`.
    case idle
    /// It has requests, which may have been answered otherwise meanwhile.
    case running
    /// It looks which databases there are.
    case rescanning
    /// It looks at which version a database is.
    case checking(String)
  }

  let peer: PeerID
  let member: Member
  let supervisor: String?
  /// The name of its process, which others may share.
  let process: String
  let pid: Int
  var state = State.rescanning {
    didSet {
      guard state != .running else { return }
      runs.removeAll(keepingCapacity: true)
      stalledSince = nil
      isStopped = false
    }
  }
  /// What it was given and will answer, or give back, in the order in which it runs that; also when
  /// nobody waits for it any more.
  @exclusivity(unchecked) var runs: Deque<Run> = []
  /// Since when it waits in the middle of a result for a reader that wants no more of it yet.
  var stalledSince: Instant?
  /// Whether it was told to break a result off, and so will soon be ready.
  var isStopped = false
  /// Whether it keeps writers out of its database meanwhile.
  var keepsWritersOut = false
  /// When it was last told to look at a version.
  var checkBegun = Instant.start
  /// How many requests it has answered.
  @exclusivity(unchecked) var served = 0
  /// Nil until it has told.
  var databases: Set<ServedDatabase>?
  var names: Set<String> = [] {
    didSet { latest = "" }
  }
  /// One of the names: whoever asks for one mostly asks for it again.
  private var latest = ""
  /// The broker's count of catalog changes when this worker last looked.
  var seenChange = 0

  init(_ report: WorkerReport, on peer: PeerID) {
    self.peer = peer
    member = report.member
    supervisor = report.supervisor
    process = report.process ?? report.member.name
    pid = report.pid
  }

  /// Whether it runs something that counts against the workers that are not reserved.
  var runsLong: Bool { runs.first?.isLong ?? false }

  /// Whether it runs something that workers may have died of before.
  var runsSuspect: Bool { runs.first?.isSuspect ?? false }

  /// Whether it runs something, and does not just wait for a reader.
  var mayHaveDied: Bool { !runs.isEmpty && stalledSince == nil }

  /// Whether it has a database.
  func serves(_ database: String) -> Bool {
    if database == latest { return true }
    guard names.contains(database) else { return false }
    latest = database
    return true
  }

  /// Where an attempt stands in `runs`.
  func index(of attempt: Attempt) -> Int? { runs.firstIndex { $0.attempt == attempt } }

  /// What is remembered of a request for as long as it runs. A suspect runs alone.
  final class Run {
    let attempt: Attempt
    let connection: PeerID
    let statement: StatementRecord
    let isLong: Bool
    /// Whether it is of several requests.
    let isSeries: Bool
    let isSuspect: Bool
    /// When it began; or would have, had it begun that much later instead of waiting for its reader.
    @exclusivity(unchecked) private(set) var begun: Instant
    /// The request, once nobody waits for it any more: a death may still be on its account.
    @exclusivity(unchecked) var abandoned: Quarantine.Account?

    init(
      _ attempt: Attempt, connection: PeerID, statement: StatementRecord, isSeries: Bool,
      isSuspect: Bool, begun: Instant
    ) {
      self.isSeries = isSeries
      self.attempt = attempt
      self.connection = connection
      self.statement = statement
      isLong = statement.isLong
      self.isSuspect = isSuspect
      self.begun = begun
    }

    /// It goes on, having waited for its reader for so long.
    func goOn(afterMicroseconds waited: Int64) { begun = begun.adding(microseconds: waited) }
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

  /// 0 for one that is silent, and may come back under any number.
  var incarnation: Int64
  var lastHeard: Instant
  /// An earlier incarnation that speaks then lives, on another host, and that is said.
  var rivalDue: Instant
  var slots: [String: Slot] = [:]

  /// Whether it has said that it ends.
  var isStopped = false

  var isSilent: Bool { incarnation == 0 }

  /// When it counts as silent, or is expected back no longer.
  var silenceEnd: Instant {
    let silence = Constants.silenceMilliseconds
    return lastHeard.adding(
      milliseconds: isSilent ? silence + Constants.returnMilliseconds : silence)
  }
}
