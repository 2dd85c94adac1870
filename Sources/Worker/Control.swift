internal import Synchronization
package import Toolkit
package import Wire

/// What the thread that runs requests and the one that listens meanwhile share.
///
/// The runner is never interrupted by it: it asks, in the middle of a request whether that is
/// abandoned, and between requests, when `news` was rung, what else there is.
package final class Control: Sendable {
  private let state: Mutex<ControlState>
  private let abandoned = Atomic(false)
  private let ended = Atomic(false)
  /// Rung for the runner.
  let news: Doorbell
  /// Rung for the listener.
  let orders: Doorbell
  let files: FileWatch

  /// - Parameter router: where the router takes workers, by which it is known.
  package init(_ member: Member, router: String) throws(ToolError) {
    let news = try Doorbell()
    let orders = try Doorbell()
    files = try FileWatch()
    self.news = news
    self.orders = orders
    state = Mutex(ControlState(member, router: router))
  }

  // MARK: The runner

  /// The router, whether the end was announced, and the databases whose files something has happened
  /// to since it was last asked. Fails with what ended the listening.
  func latest() throws(ToolError) -> News {
    let (news, failure) = state.withLock { state in
      defer { state.changed = [] }
      return (
        News(router: state.router, isStopping: state.isStopping, changed: state.changed),
        state.failure
      )
    }
    if let failure { throw failure }
    return news
  }

  struct News {
    let router: PublisherIdentity?
    let isStopping: Bool
    let changed: Set<String>
  }

  func begin(_ assignment: Assignment, deadline: Instant) {
    let now = Clock.now()
    change { $0.begin(assignment, deadline: deadline, now: now) }
  }

  func end() {
    change { $0.watchdog.end() }
  }

  /// Whether nobody waits any more for what runs. A load from memory, to be asked at any time.
  var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }

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

  // MARK: The listener

  var hasEnded: Bool { ended.load(ordering: .acquiring) }

  var router: PublisherIdentity? { state.withLock { $0.router } }

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

  /// The run that is overdue, once, and when the one that runs will be.
  func tick(now: Instant) -> (overdue: Watchdog.Overdue?, limit: Instant?) {
    state.withLock { ($0.watchdog.tick(now: now), $0.watchdog.limit) }
  }

  private func change(_ body: (inout ControlState) -> Void) {
    state.withLock { state in
      body(&state)
      abandoned.store(state.watchdog.isAbandoned, ordering: .relaxed)
    }
  }
}
