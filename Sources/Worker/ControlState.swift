internal import Toolkit
package import Wire

/// What a worker has heard, and what it runs.
package struct ControlState {
  private let identity: WorkerIdentity
  private var member: Member { identity.member }
  /// Where the router takes workers, by which it is known; nil when nobody else is heard.
  private let endpoint: String?
  /// A router that has been silent for so long has ended, whatever its number; it says its state
  /// every second.
  static let silenceMilliseconds = 3500

  /// The incarnation of the router that was last heard; nil when the connection has ended since.
  package private(set) var router: PublisherIdentity?
  /// How often that was so: who has lost a router and heard it again begins anew with it.
  private var losses = 0
  private var routerHeard = Instant.start
  /// Whether the supervisor has announced this worker's end.
  package var isStopping = false
  /// Why nothing more is heard.
  var failure: ToolError?
  /// The databases whose files something has happened to, until the runner has heard of it.
  var changed: Set<String> = []
  package var watchdog = Watchdog()
  package var batch = BatchClock()
  private var cancellations = Cancellations()

  /// - Parameters:
  ///   - endpoint: nil when the only router that is heard is the own one.
  ///   - router: the router itself, where it is known before it is heard.
  package init(
    _ identity: WorkerIdentity, router endpoint: String?, _ router: PublisherIdentity? = nil
  ) {
    self.identity = identity
    self.endpoint = endpoint
    self.router = router
  }

  /// The router, as far as it can be reached.
  package var contact: Contact? { router.map { Contact(router: $0, losses: losses) } }

  /// A connection to the router has ended. What it gave it has given to others, or will soon.
  package mutating func lose(now: Instant) {
    guard router != nil else { return }
    router = nil
    losses += 1
    watchdog.separate(now: now)
  }

  /// Takes in what was published.
  /// - Returns: whether `router` or `isStopping` has changed.
  package mutating func hear(_ publication: Publication, now: Instant) -> Bool {
    let line = publication.line
    takeBack(line, publication.publisher, now)
    for line in publication.members { takeBack(line, publication.publisher, now) }
    if line["role"] == "router", endpoint == nil || line["workers"] == endpoint {
      return follow(publication.publisher, now)
    }
    guard line.word == "worker.stopping", !isStopping,
      Member(line).map(identity.isPart) ?? false
    else { return false }
    isStopping = true
    return true
  }

  private mutating func follow(_ router: PublisherIdentity, _ now: Instant) -> Bool {
    // An earlier incarnation's words may arrive after its successor's; but numbers begin anew where
    // the file that keeps them was lost.
    if let known = self.router, known.name == router.name, known.incarnation > router.incarnation,
      now.microseconds(since: routerHeard) < Int64(Self.silenceMilliseconds) * 1000
    {
      return false
    }
    routerHeard = now
    guard router != self.router else { return false }
    self.router = router
    watchdog.follow(router, now: now)
    return true
  }

  private mutating func takeBack(_ line: Line, _ publisher: PublisherIdentity, _ now: Instant) {
    guard line.word == EventWord.cancelled, Member(line) == member, let attempt = Attempt(line)
    else { return }
    let assignment = Assignment(attempt: attempt, router: publisher)
    cancellations.note(assignment)
    watchdog.cancel(assignment, now: now)
  }

  /// A run begins, which may have been taken back already.
  /// - Parameter giver: whoever has given it, which may have been lost since.
  package mutating func begin(
    _ assignment: Assignment, from giver: Contact?, deadline: Instant, now: Instant
  ) {
    watchdog.begin(assignment, deadline: deadline)
    if cancellations.contains(assignment) { watchdog.cancel(assignment, now: now) }
    if let router { watchdog.follow(router, now: now) }
    if let giver, giver != contact { watchdog.separate(now: now) }
  }

  /// The run for which others have to wait too long, once.
  package mutating func overrunning(now: Instant) -> Assignment? {
    guard let running = watchdog.assignment, batch.overruns(now: now) else { return nil }
    return running
  }
}
