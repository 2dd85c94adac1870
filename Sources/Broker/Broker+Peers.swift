internal import DequeModule
package import Wire

/// Other brokers: what they are told, and what they say.
extension Broker {
  /// Another broker asks on this connection how much it may hand over.
  mutating func answer(
    _ question: PeerQuestion, _ payload: any Statement, from connection: PeerID, _ now: Instant
  ) {
    if let refusal = refusal(toShow: connection, now) {
      return refuse(payload, id: nil, refusal, now: now)
    }
    if askers.count >= Constants.maxAskers && askers[connection] == nil { askers.removeAll() }
    askers[connection] = question.broker
    lookForAskers(now)
    let databases = databasesToOffer()
    if databases != offer.databases { offer = (databases, offer.revision + 1) }
    let isNews = question.revision != offer.revision
    let capacity = PeerCapacity(
      broker: configuration.broker, workers: isDraining ? 0 : workers.count,
      others: load(besides: connection), watches: maxWatches, revision: offer.revision,
      hasDatabases: isNews, isStarting: now < settled)
    let list = isNews ? ServedDatabase.encode(databases) : []
    effects.append(.answer(payload, capacity.line, .bytes(list)))
  }

  /// How many requests that wait for changes one connection may have here: half of all that it may.
  private var maxWatches: Int {
    let bound = min(
      configuration.maxRequestsInFlight, configuration.maxQueuedRequests / Constants.queueShares)
    return bound / 2
  }

  /// Has a worker look which databases there are, once a second at most. Whoever asks there for one that has
  /// just come here finds nobody who has it, and does not ask here.
  private mutating func lookForAskers(_ now: Instant) {
    // Not when one that looks does not come back.
    guard now >= nextLookForAskers, queue.isEmpty, let worker = idle.first, round == nil,
      !workers.values.contains(where: { $0.state == .rescanning && $0.databases != nil })
    else { return }
    nextLookForAskers = now.adding(milliseconds: Constants.askersLookMilliseconds)
    rescan(worker.peer)
  }

  /// How many requests the workers here have to run, without those of one connection.
  private func load(besides connection: PeerID) -> Int {
    let handed = peers.reduce(0) { $0 + $1.handed.count }
    let own = clients[connection]?.numbers.reduce(0) { sum, number in
      guard let request = requests[number] else { return sum }
      switch request.state {
      case .queued, .unresolved, .running: return sum + request.count
      case .parked, .handed: return sum
      }
    }
    return requests.total - parked.count - handed - (own ?? 0)
  }

  /// A peer has said how much it can take.
  /// - Parameter databases: of no meaning if it says that none follow.
  package mutating func receive(
    _ capacity: PeerCapacity, databases: [ServedDatabase], from number: Int, now: Instant
  ) {
    let peer = peers[number]
    peer.lastHeard = now
    peer.isFull = false
    if let known = peer.capacity, known.broker != capacity.broker {
      // Another one is there, which has nothing of what this one was handed.
      lose(peer: number, why: "it is another one now", now)
      return effects.append(.reconnect(number))
    }
    let isNew = peer.capacity == nil
    peer.capacity = capacity
    peer.isMissed = false
    noteArrival(now)
    // This one itself: that helps nobody.
    guard capacity.broker != configuration.broker else { return }
    if capacity.hasDatabases {
      peer.revision = capacity.revision
      peer.names = Set(databases.map(\.name))
      notePeersNames()
      hasNewNames = true
    }
    if capacity.isStarting {
      // What it had before it may have again.
      peer.latestNames.formUnion(peer.names)
    } else {
      peer.latestNames = peer.names
      if peer.forgetExpected(now, isBack: true) { hasLostNames = true }
    }
    guard isNew else { return }
    // Whoever asks for a list may have waited for this.
    hasUnasked = true
    effects.append(
      .publish(
        Line("peer.joined").with("peer", peer.endpoint).with("broker", capacity.broker)
          .with("workers", capacity.workers).with("databases", peer.names.count)))
  }

  /// A part of a message has come from a peer at that time. A large one takes its time on a slow network, and
  /// what the peer says besides comes behind it.
  package mutating func receivedPart(from number: Int, at time: Instant) {
    let peer = peers[number]
    if peer.capacity != nil { peer.lastHeard = max(peer.lastHeard, time) }
  }

  /// What peers have is another thing now.
  private mutating func notePeersNames() {
    hasLostNames = true
    databaseList = nil
    latestServed = ""
  }

  /// A peer has sent a part of a result, or the end of one.
  package mutating func receive(
    _ answer: PeerAnswer, _ body: Body, from number: Int, now: Instant
  ) {
    let peer = peers[number]
    peer.lastHeard = now
    guard isCurrent(answer.attempt), let request = requests[answer.attempt.job],
      request.peer == number
    else { return }
    switch answer.content {
    case .chunk where request.credit ?? 0 == 0:
      let why = "a peer has sent a part of it, which nobody had asked for"
      finish(answer.attempt.job, .failure(Failure(.aborted, why)), now: now)
    case .chunk: pass(answer.attempt.job, request, body, from: answer, now)
    case .outcome(let outcome): conclude(answer, outcome, body, of: request, from: peer, now)
    }
  }

  private mutating func pass(
    _ number: UInt64, _ request: PendingRequest, _ chunk: Body, from answer: PeerAnswer,
    _ now: Instant
  ) {
    request.chunks += 1
    request.credit = request.credit.map { $0 - 1 }
    if request.credit == 0 {
      request.stalledSince = now
      stalledAtPeers.append(number)
    }
    let line = Line("MORE").with("id", request.id).with("chunk", request.chunks)
      .with("worker", answer.worker)
    effects.append(.chunk(number, request.payload, line, chunk))
  }

  private mutating func conclude(
    _ answer: PeerAnswer, _ outcome: Outcome, _ body: Body, of request: PendingRequest,
    from peer: PeerBroker, _ now: Instant
  ) {
    let number = answer.attempt.job
    if case .failure(let failure) = outcome, request.chunks == 0 {
      switch failure.code {
      case .busy, .draining, .noSuchDatabase:
        // It has more to do than it said, or less: somebody else may take it.
        if failure.code == .noSuchDatabase, let database = request.database {
          // Whether it has that again it tells with the next list.
          peer.names.remove(database)
          peer.revision = -1
          notePeersNames()
        } else {
          peer.isFull = true
        }
        request.givenBack += 1
        return moveToQueue(number)
      case .crashed:
        peer.answered += 1
        return noteDeath(number, request, answer, at: peer, now)
      case .aborted: return noteLoss(number, request, failure.message, now)
      default: break
      }
    }
    peer.answered += 1
    if request.waitsForChange, outcome == .unchanged, !peer.keepsWatch(number),
      now < request.deadline
    {
      return finish(number, .failure(tooManyWatches(at: peer)), now: now)
    }
    // No broker says so of what no worker has lived through.
    if let run = answer.runMicroseconds {
      request.statement?.note(microseconds: run)
      if request.deaths > 0 { casualties.survived(request.connection) }
      if !quarantine.isEmpty, let account = account(of: request) { quarantine.survived(account) }
    }
    let result = AttemptResult(
      attempt: answer.attempt, outcome: outcome, version: answer.version,
      runMicroseconds: answer.runMicroseconds ?? 0)
    let member = Member(name: answer.worker ?? peer.endpoint, generation: 0)
    finish(number, outcome, .rendered(body), from: (member, result), now: now)
  }

  /// A worker of a peer has died of a request. Only here it is tried again.
  private mutating func noteDeath(
    _ number: UInt64, _ request: PendingRequest, _ answer: PeerAnswer, at peer: PeerBroker,
    _ now: Instant
  ) {
    request.deaths += 1
    request.isSuspect = true
    if let account = account(of: request) { charge(account, now) }
    casualties.died(peer.endpoint, of: request.connection, now: now)
    let member = Member(name: peer.endpoint, generation: 0)
    if request.deaths >= (request.hasComeFar ? 1 : configuration.tries) {
      crash(number, request, member, now)
    } else {
      request.isReturned = true
      moveToQueue(number)
    }
  }

  /// A request is lost with the peer that had it. Only where it entered it is begun again, and not
  /// without end: peers may die of it.
  private mutating func noteLoss(
    _ number: UInt64, _ request: PendingRequest, _ why: String, _ now: Instant
  ) {
    // Of a watch nothing runs that a peer could die of.
    if !request.waitsForChange { request.losses += 1 }
    guard request.chunks == 0, !request.hasComeFar, request.losses <= configuration.tries else {
      return finish(number, .failure(Failure(.aborted, why)), now: now)
    }
    request.isReturned = true
    moveToQueue(number)
  }

  /// The connection to a peer is gone. One that has not answered yet has nothing to be taken back, and
  /// is connected to again as it is.
  package mutating func disconnected(peer number: Int, now: Instant) {
    guard peers[number].capacity != nil else { return }
    lose(peer: number, why: "its connection was closed", now)
    effects.append(.reconnect(number))
  }

  /// A peer is gone. What it had is taken back; a result that has been begun is broken off.
  private mutating func lose(peer number: Int, why: String, _ now: Instant) {
    let peer = peers[number]
    // Also of one that never came: its endpoint may be wrong.
    if !peer.isMissed {
      effects.append(
        .publish(Line("peer.lost").with("peer", peer.endpoint).with("why", why)))
    }
    if peer.capacity != nil { notePeersNames() }
    peer.isMissed = true
    peer.lose(now)
    for job in peer.handed.keys.sorted() {
      guard let request = requests[job] else { continue }
      let why = "the peer that had it was lost after \(request.chunks) chunks"
      noteLoss(job, request, why, now)
    }
  }

  /// A peer need not go on with a request. One that is lost hears so by the end of the connection.
  mutating func takeBack(_ number: UInt64, _ request: PendingRequest, from peer: Int) {
    guard peers[peer].capacity != nil else { return }
    let attempt = Attempt(job: number, number: request.attempts)
    effects.append(.tellPeer(peer, .cancel(id: attempt.handedID)))
  }

  /// Asks the peers how much they can take, and gives up those that say nothing.
  mutating func watchPeers(_ now: Instant) {
    for (number, peer) in peers.enumerated() {
      if peer.forgetExpected(now, isBack: false) { hasLostNames = true }
      if now >= peer.silenceEnd {
        lose(peer: number, why: peer.capacity == nil ? "nobody answers" : "it is silent", now)
        effects.append(.reconnect(number))
      }
      guard now >= peer.nextQuestion else { continue }
      peer.asked(now)
      let question = PeerQuestion(
        broker: configuration.broker, revision: peer.revision)
      effects.append(.tellPeer(number, .peer(question)))
    }
  }
}
