internal import DequeModule
internal import Wire

extension Broker {
  /// Hands to peers what the workers here cannot run now, as much as those can take.
  mutating func handOver(_ now: Instant) {
    guard !peers.isEmpty, queue.count > 0 else { return }
    // Those with the most room first.
    let able = peers.indices.filter { peers[$0].room(isOnlyOne: true) > 0 }
      .sorted { (peers[$1].room(isOnlyOne: false), $0) < (peers[$0].room(isOnlyOne: false), $1) }
    for (place, number) in able.enumerated() {
      // Those behind it shall have their share.
      let share = (queue.count + able.count - place - 1) / (able.count - place)
      var handovers: [Handover] = []
      while handovers.count < share, let job = nextRequest(for: peers[number]),
        let request = requests[job]
      {
        guard isRunnable(job, request, now) else { continue }
        // Peers are handed single ones: all of a series, which together take little time.
        for job in request.each == nil ? [job] : split(job) {
          guard peers[number].seats > 0, let request = requests[job] else { continue }
          if let handover = hand(job, request, to: number, now) { handovers.append(handover) }
        }
      }
      if !handovers.isEmpty { effects.append(.hand(number, handovers)) }
    }
  }

  /// Takes the request whose turn it is among those that a peer may be handed.
  private mutating func nextRequest(for peer: PeerBroker) -> UInt64? {
    guard let capacity = peer.capacity else { return nil }
    let roomForAll = peer.room(isOnlyOne: false)
    // What the workers here get through in one go stays here.
    let isFull = queue.count > workers.count * Constants.batchRequests
    let turn = queue.turn(
      where: { lane in
        guard peer.names.contains(lane.database) else { return false }
        return roomForAll > 0
          || peer.room(isOnlyOne: true) > 0 && isNowhereElse(lane.database, than: peer)
      },
      unless: { requests[$0].map(isHeld) ?? false },
      exceptOf: {
        askers[$0] == capacity.broker || casualties.hold($0, besides: workers.count)
      },
      only: { number in
        guard let query = requests[number]?.query, query.way.count < ClientMessage.maxWay,
          !query.way.contains(capacity.broker)
        else { return false }
        guard isServedHere(query.database) else { return true }
        return !query.waitsForChange && (isFull || requests[number]?.statement?.isQuick != true)
      }, passesOver: true)
    guard let turn else { return nil }
    queue.take(turn)
    return turn.number
  }

  /// Why a request may not wait for a change at a peer that has looked for one.
  func tooManyWatches(at peer: PeerBroker) -> Failure {
    Failure(
      .busy,
      "\(peer.watches) others wait for changes at \(peer.endpoint); there was none for this one",
      retryMilliseconds: Constants.watchRetryMilliseconds)
  }

  /// Whether nobody else could begin with a request for a database soon.
  private func isNowhereElse(_ database: String, than peer: PeerBroker) -> Bool {
    !isServedHere(database)
      && !peers.contains {
        $0 !== peer && $0.names.contains(database) && $0.room(isOnlyOne: false) > 0
      }
  }

  /// Whether a request that has lost whoever ran it is not to be handed to anybody now: what may be the
  /// reason of that stays here if it can.
  private func isHeld(_ request: PendingRequest) -> Bool {
    guard request.isSuspect || request.losses > 0 else { return false }
    return isServedHere(request.database ?? "")
      || casualties.hold(request.connection, besides: workers.count)
  }

  private mutating func hand(
    _ number: UInt64, _ request: PendingRequest, to peer: Int, _ now: Instant
  ) -> Handover? {
    guard var query = request.query else { return nil }
    dequeue(number, request)
    request.attempts += 1
    request.state = .handed(peer)
    request.begun = now
    // A peer counts all that come from here as one client's, and has to take others beside those that
    // wait: who is one too many has it look once.
    query.waitsForChange =
      query.waitsForChange
      && peers[peer].takesWatches(upTo: max(1, configuration.maxRequestsInFlight / 2))
    // Whoever waits for a change takes nobody's time.
    let units =
      query.waitsForChange
      ? 0 : request.statement?.isQuick == true ? 1 : Constants.handedPerWorker
    peers[peer].hand(number, countedAs: units, size: request.size)
    if request.isReturned {
      effects.append(
        .publish(
          Line("request.retried").with("id", query.id).with("db", query.database)
            .with("tries", request.tries).with("peer", peers[peer].endpoint)))
    }
    query.id = Attempt(job: number, number: request.attempts).handedID
    query.deadlineMilliseconds = request.deadline.millisecondsUp(since: now)
    query.credit = request.credit
    query.way.append(configuration.broker)
    query.client = query.client ?? request.connection.description
    return Handover(query: query, request: request.payload)
  }
}
