internal import DequeModule
package import Wire

/// Results that come in chunks.
extension Broker {
  /// Of those that wait for a change of a database, so many tell whether it is one client alone.
  private static let watchesLookedAt = 100

  /// A worker has sent a chunk, and waits for the word to go on.
  /// - Parameter results: what it has answered before.
  package mutating func receive(
    _ report: ChunkReport, _ chunk: Body, results: [(result: AttemptResult, body: Body)],
    from peer: PeerID, now: Instant
  ) {
    guard workers[peer]?.stalledSince == nil else {
      return misunderstood(peer, why: "MORE before it was told to go on", now: now)
    }
    let worker = workers[peer]
    for (result, body) in results {
      guard let request = survive(result, worker) else { continue }
      if case .failure(let failure) = result.outcome, failure.code == .noSuchDatabase {
        // Others may have it; this one's list comes when it is ready.
        requeue(result.attempt.job, now)
      } else {
        take(result, body, of: request, from: report.member, now)
      }
    }
    guard let worker, worker.member == report.member,
      let index = worker.index(of: report.attempt)
    else {
      workers[peer]?.isStopped = true
      effects.append(.tell(peer, .stop))
      return
    }
    // Nobody waits for the reader of this.
    isolate(index, on: peer)
    guard let run = worker.runs.first, let request = heldRequest(run, by: peer),
      let credit = request.credit
    else {
      workers[peer]?.isStopped = true
      effects.append(.tell(peer, .stop))
      return
    }
    request.chunks += 1
    request.credit = credit - 1
    let line = Line("MORE").with("id", request.id).with("chunk", request.chunks)
      .with("worker", report.member.name)
    effects.append(.chunk(run.attempt.job, request.payload, line, chunk))
    if credit > 1 {
      effects.append(.tell(peer, .go))
    } else {
      workers[peer]?.stalledSince = now
      workers[peer]?.keepsWritersOut = report.keepsWritersOut
      stalled.append(peer)
      // The chunk was on its way when the time was over; a worker that waits then ends itself.
      guard now >= request.deadline else { return }
      let failure = Failure(.deadline, overdue(request))
      finish(report.attempt.job, .failure(failure), now: now)
    }
  }

  /// Chunks of a result had no room, as their client does not read what it has asked for. The result
  /// ends there, if it has not ended already.
  package mutating func unread(_ number: UInt64, chunks: Int, now: Instant) {
    guard let request = requests[number] else { return }
    request.chunks -= chunks
    finish(number, .failure(Self.unread(afterChunks: request.chunks)), now: now)
  }

  /// What is told in place of rows for which there was no room. Whoever has none of them may ask again.
  package static func unread(afterChunks chunks: Int) -> Failure {
    Failure(
      .aborted, "its client does not read its answers", retryMilliseconds: chunks == 0 ? 0 : nil)
  }

  /// A client wants more of a result. Returns whether that is in flight.
  mutating func grant(_ chunks: Int, _ id: String, of client: PeerID, _ now: Instant) -> Bool {
    guard let number = inFlight[ClientRequestID(client: client, id: id)],
      let request = requests[number], let credit = request.credit
    else { return false }
    let more = min(chunks, ClientMessage.maxCredit - credit)
    request.credit = credit + more
    if let peer = request.worker { release(peer, .go, now) }
    // No more than is counted here: chunks may be on their way.
    if let peer = request.peer, more > 0 {
      goOn(number, request)
      let attempt = Attempt(job: number, number: request.attempts)
      effects.append(.tellPeer(peer, .credit(id: attempt.handedID, chunks: more)))
    }
    return true
  }

  /// Gives a stalled worker its word. Returns whether it was one.
  @discardableResult
  mutating func release(_ peer: PeerID, _ word: WorkerCommand, _ now: Instant) -> Bool {
    guard let worker = workers[peer], let since = worker.stalledSince else { return false }
    worker.stalledSince = nil
    worker.isStopped = word == .stop
    worker.runs.first?.goOn(afterMicroseconds: now.microseconds(since: since))
    stalled.removeAll { $0 == peer }
    effects.append(.tell(peer, word))
    return true
  }

  /// The peer that has a request does not wait for its reader any more.
  mutating func goOn(_ number: UInt64, _ request: PendingRequest) {
    guard request.stalledSince != nil else { return }
    request.stalledSince = nil
    stalledAtPeers.removeAll { $0 == number }
  }

  /// Breaks off what keeps the workers of a peer from others who wait here. The peer cannot know of
  /// those.
  mutating func cutStalledAtPeers(_ now: Instant) {
    for number in stalledAtPeers {
      guard let request = requests[number], let since = request.stalledSince,
        let peer = request.peer.map({ peers[$0] }), peer.isKept,
        now >= since.adding(milliseconds: patience(with: number, at: peer)),
        waiting(besides: request, where: { peer.names.contains($0.database) }) > 0
      else { continue }
      let why = "its reader took nothing for \(now.microseconds(since: since) / 1000) ms"
      finish(number, .failure(Failure(.aborted, why)), now: now)
    }
  }

  /// How long a reader may keep a worker of a peer from others, in milliseconds: as long as the last worker here when
  /// all that the peer has of this broker waits for readers, and this one was the first.
  private func patience(with number: UInt64, at peer: PeerBroker) -> Int {
    let stalled = stalledAtPeers.filter { peer.handed[$0] != nil }
    let isLast = stalled.first == number && stalled.count == peer.handed.count - peer.watches
    return isLast ? Constants.lastStallMilliseconds : Constants.stallMilliseconds
  }

  /// Breaks off what its reader keeps waiting for too long.
  mutating func cutStalled(_ now: Instant) {
    cutStalledAtPeers(now)
    // Nobody has waited for longer.
    guard let first = stalled.first, let since = workers[first]?.stalledSince,
      now >= since.adding(milliseconds: Constants.lastStallMilliseconds)
    else { return }
    let lateLooks = lateLooks.filter { $0.from <= now }.map(\.database)
    for peer in stalled {
      guard let worker = workers[peer], let since = worker.stalledSince else { continue }
      let isWanted =
        isWanted(worker, lateLooks) || waitingForLock(of: worker, peer).contains { $0 <= now }
      // The last worker is not kept from others at all, but by those who read.
      let isLast = peer == first && stalled.count == workers.count
      let patience =
        !isWanted
        ? Constants.idleStallMilliseconds
        : isLast ? Constants.lastStallMilliseconds : Constants.stallMilliseconds
      guard now >= since.adding(milliseconds: patience), let run = worker.runs.first else {
        continue
      }
      let why = "its reader took nothing for \(now.microseconds(since: since) / 1000) ms"
      finish(run.attempt.job, .failure(Failure(.aborted, why)), now: now)
    }
  }

  /// Whether more waits for a stalled worker than those can take that were told to stop. What its own
  /// reader has sent behind it does not count, as it may wait for the same reader.
  /// - Parameter lateLooks: the databases at which a worker is to look.
  private func isWanted(_ worker: WorkerRecord, _ lateLooks: [String]) -> Bool {
    guard let run = worker.runs.first, let request = heldRequest(run, by: worker.peer) else {
      return false
    }
    let waiting = waiting(besides: request) { worker.names.contains($0.database) }
    let looks = isLookAwaited(besides: request, on: worker, lateLooks) ? 1 : 0
    return waiting + looks
      > workers.values.count { $0.isStopped && !$0.names.isDisjoint(with: worker.names) }
  }

  /// Whether other clients than the one that reads a result wait for a worker to look: which databases
  /// there are, or whether one has changed.
  private func isLookAwaited(
    besides result: PendingRequest, on worker: WorkerRecord, _ lateLooks: [String]
  ) -> Bool {
    func isOthers(_ number: UInt64) -> Bool {
      requests[number].map { $0.connection != result.connection } ?? false
    }
    if lacksLookForNames {
      let lists = unresolved.lanes[""]?.count ?? 0
      let looks = unresolved.lanes[Self.names] ?? []
      if looks.contains(where: isOthers) { return true }
      if unresolved.count - lists - looks.count > result.account?.unresolved ?? 0 { return true }
    }
    return lateLooks.contains { database in
      worker.names.contains(database)
        && parked.lanes[database]?.prefix(Self.watchesLookedAt).contains(where: isOthers) ?? false
    }
  }

  /// How much waits in such lanes of other clients than the one that reads a result.
  private func waiting(
    besides result: PendingRequest, where canRun: (RequestQueue.Lane) -> Bool
  ) -> Int {
    var waiting = queue.count(where: canRun)
    guard waiting > 0 else { return 0 }
    if let client = result.query?.client {
      // Over the connection of another broker come requests of several clients.
      for number in result.account?.numbers ?? [] {
        guard let request = requests[number], request.query?.client == client,
          case .queued(let lane) = request.state, canRun(lane)
        else { continue }
        waiting -= request.count
      }
      return waiting
    }
    let reader = result.connection
    waiting -= queue.count(of: reader, where: canRun)
    waiting -= queue.urgent.count { number in
      guard let request = requests[number], request.connection == reader,
        let lane = queue.urgentLanes[number]?.lane
      else { return false }
      return canRun(lane)
    }
    return waiting
  }

  /// From when on runs on other workers are taken to wait for what a stalled one locks: a writer that
  /// waits for it lets no more readers in.
  private func waitingForLock(of worker: WorkerRecord, _ peer: PeerID) -> [Instant] {
    guard worker.keepsWritersOut, let run = worker.runs.first else { return [] }
    return workers.flatMap { other, record in
      other == peer || record.stalledSince != nil
        ? []
        : record.runs.filter { $0.statement.key.database == run.statement.key.database }
          .map { $0.begun.adding(milliseconds: Constants.stallMilliseconds) }
    }
  }

  /// When `cutStalled` has something to do after a time.
  func nextCut(after last: Instant) -> Instant? {
    var next: Instant?
    func consider(_ time: Instant) {
      if time > last { next = min(next ?? time, time) }
    }
    for since in stalledAtPeers.compactMap({ requests[$0]?.stalledSince }) {
      consider(since.adding(milliseconds: Constants.lastStallMilliseconds))
      consider(since.adding(milliseconds: Constants.stallMilliseconds))
    }
    if !stalled.isEmpty {
      for look in lateLooks { consider(look.from) }
    }
    for peer in stalled {
      guard let worker = workers[peer], let since = worker.stalledSince else { continue }
      consider(since.adding(milliseconds: Constants.lastStallMilliseconds))
      consider(since.adding(milliseconds: Constants.stallMilliseconds))
      consider(since.adding(milliseconds: Constants.idleStallMilliseconds))
      for time in waitingForLock(of: worker, peer) { consider(time) }
    }
    return next
  }
}
