internal import Synchronization
package import Toolkit
internal import Wire

/// What the thread that runs requests and the one that listens meanwhile share.
///
/// The runner is never interrupted by it: it asks, in the middle of a request whether that is
/// abandoned, and between requests, when `news` was rung, what else there is.
package final class Control: Sendable {
  private let state: Mutex<ControlState>
  private let abandoned = Atomic(false)
  private let ended = Atomic(false)
  private let writtenOff = Atomic(false)
  /// Rung for the runner.
  let news: Doorbell
  /// Rung for the listener.
  let orders: Doorbell
  let files: FileWatch
  /// For the listener: what was given together may have taken too long.
  let overrun: Timer

  package init(
    _ identity: WorkerIdentity, router: RouterAddress, watchDelayMilliseconds: Int = 0
  ) throws(ToolError) {
    let news = try Doorbell()
    let orders = try Doorbell()
    files = try FileWatch(delayMilliseconds: watchDelayMilliseconds)
    overrun = try Timer()
    self.news = news
    self.orders = orders
    state = Mutex(ControlState(identity, router: router.known, router.identity))
    // It is there already.
    if router.identity != nil { self.news.ring() }
  }

  // MARK: The runner

  /// The router, whether the end was announced, and the databases whose files something has happened
  /// to since it was last asked. Fails with what ended the listening.
  func latest() throws(ToolError) -> News {
    let (news, failure) = state.withLock { state in
      defer { state.changed = [] }
      return (
        News(contact: state.contact, isStopping: state.isStopping, changed: state.changed),
        state.failure
      )
    }
    if let failure { throw failure }
    return news
  }

  struct News {
    let contact: Contact?
    let isStopping: Bool
    let changed: Set<String>
  }

  /// Several requests have come at once.
  func beginBatch(now: Instant) {
    state.withLock { $0.batch.begin(now: now) }
    overrun.set(milliseconds: BatchClock.overrunMilliseconds)
  }

  func endBatch() {
    state.withLock { $0.batch.end() }
  }

  /// A request is about to run. Returns false when it must not, because too much time has gone into
  /// those that came with it.
  func begin(
    _ assignment: Assignment, from giver: Contact?, isFirst: Bool, deadline: Instant, now: Instant
  ) -> Bool {
    change { state in
      guard isFirst || state.batch.goesOn(now: now) else { return false }
      state.begin(assignment, from: giver, deadline: deadline, now: now)
      return true
    }
  }

  func end() {
    change { $0.watchdog.end() }
  }

  /// What the runner does now is to look at a database's version.
  func beginLook() {
    change { $0.watchdog.beginLook(now: Clock.now()) }
  }

  /// Whether nobody waits any more for what runs. A load from memory, to be asked at any time.
  var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }

  /// The router that can be reached.
  var contact: Contact? { state.withLock { $0.contact } }

  /// The runner's connection to the router has ended. It is there again when it is heard again.
  func lose(_ contact: Contact) {
    change { state in
      if state.contact == contact { state.lose(now: Clock.now()) }
    }
  }

  /// Watches these files from now on; `Engine.watchedFiles` says what they are.
  func watch(_ databases: [String: String]) {
    files.watch(databases)
    orders.ring()
  }

  /// Ends the listener's thread.
  package func finish() {
    ended.store(true, ordering: .releasing)
    orders.ring()
  }

  /// Has the runner end when it has answered what it runs.
  func stop() {
    state.withLock { $0.isStopping = true }
    news.ring()
  }

  var isStopping: Bool { state.withLock { $0.isStopping } }

  /// Whether another one has taken the runner's place: it ends as soon as it can.
  var isWrittenOff: Bool { writtenOff.load(ordering: .acquiring) }

  // MARK: The listener

  /// The runner does not come back from what it runs, as far as can be told. Nobody listens for it
  /// any more.
  func writeOff() {
    writtenOff.store(true, ordering: .releasing)
    stop()
    finish()
  }

  var hasEnded: Bool { ended.load(ordering: .acquiring) }

  var router: PublisherIdentity? { state.withLock { $0.router } }

  /// The connection to whoever is heard has ended.
  func loseRouter() {
    change { state in
      state.lose(now: Clock.now())
      news.ring()
    }
  }

  func hear(_ publication: Publication) {
    let now = Clock.now()
    change { state in
      // Whoever finds its run abandoned finds the news that explains it.
      if state.hear(publication, now: now) { news.ring() }
    }
  }

  /// Something has happened to these databases' files.
  func note(_ changed: Set<String>) {
    state.withLock { $0.changed.formUnion(changed) }
    news.ring()
  }

  func fail(_ error: ToolError) {
    state.withLock { $0.failure = error }
    news.ring()
  }

  /// The run for which others have to wait too long, once.
  func overrunning(now: Instant) -> Assignment? {
    state.withLock { $0.overrunning(now: now) }
  }

  /// The run that is overdue, once, and when the one that runs will be.
  func tick(now: Instant) -> (overdue: Watchdog.Overdue?, limit: Instant?) {
    state.withLock { ($0.watchdog.tick(now: now), $0.watchdog.limit) }
  }

  private func change<Result>(_ body: (inout ControlState) -> Result) -> Result {
    state.withLock { state in
      let result = body(&state)
      let isAbandoned = state.watchdog.isAbandoned
      // Whoever waits for something else meanwhile is to look.
      if abandoned.exchange(isAbandoned, ordering: .relaxed) != isAbandoned && isAbandoned {
        news.ring()
      }
      return result
    }
  }
}
