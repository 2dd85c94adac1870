internal import Broker
internal import Toolkit
internal import Wire
internal import ZeroMQ

/// What comes.
extension BrokerLoop {
  mutating func receivePublications() throws {
    var turn = Turn(now: Clock.now())
    while let publication = try subscriber.receive() {
      if publication.missed > 0 {
        let publisher = publication.publisher
        broker.effects.append(
          .publish(
            Line("router.gap").with("from", publisher.name)
              .with("from_incarnation", publisher.incarnation).with("missed", publication.missed)))
      }
      let now = Clock.now()
      broker.receive(publication, now: now)
      guard turn.goesOn(after: 0, now: now) else { return }
    }
  }

  /// Returns whether there is nothing more to receive.
  mutating func receiveFromWorkers() throws -> Bool {
    var turn = Turn(now: Clock.now())
    while let (message, _) = try workers.receive() {
      let now = Clock.now()
      do throws(LineError) {
        try broker.receive(fromWorker: message, &workerLines, now: now)
      } catch {
        reject(error.description)
      }
      broker.settleEarly(now: now)
      if !broker.effects.isEmpty { try carryOut() }
      guard turn.goesOn(after: message.size, now: now) else { return false }
    }
    return true
  }

  mutating func receiveFromClients() throws {
    var turn = Turn(now: Clock.now())
    while true {
      if unread == nil {
        guard let (message, isConnected) = try clients.receive() else { return }
        // Whoever is gone waits for nothing.
        guard isConnected else {
          guard turn.goesOn(after: message.size, now: Clock.now()) else { return }
          continue
        }
        unread = RequestReader(message, &latestRequest)
      }
      let now = Clock.now()
      var goesOn = true
      while goesOn, let received = unread?.next(&latestRequest) {
        broker.receive(received, besides: &sets, now: now)
        goesOn = turn.goesOn(after: received.request.size, now: now)
      }
      // What is given to workers early need not wait for the rest.
      if !broker.effects.isEmpty { try carryOut() }
      guard goesOn else { return }
      unread = nil
    }
  }

  mutating func receiveFromPeers() throws {
    // The first items are those of `wait`.
    for (number, peer) in peers.enumerated() {
      let (socket, monitor) = (10 + 2 * number, 11 + 2 * number)
      var turn = Turn(now: Clock.now())
      while poll.isReady(socket), let reply = try peer.receive() {
        let now = Clock.now()
        if let problem = reply.problem { reject(problem, from: "peer") }
        broker.receive(reply, from: number, now: now)
        guard turn.goesOn(after: reply.size, now: now) else { break }
      }
      if poll.isReady(monitor), try peer.isLost() {
        broker.disconnected(peer: number, now: Clock.now())
      }
    }
    if !broker.effects.isEmpty { try carryOut() }
  }

  /// Tells the broker who has gone away.
  mutating func followConnections() throws {
    if try clients.hasEnded() {
      for peer in clients.takeEnded() {
        if unread?.sender.connection == peer { unread = nil }
        let now = Clock.now()
        sets.disconnected(client: peer, &broker, now: now)
        broker.disconnected(client: peer, now: now)
      }
    }
    // What a worker has said before it went away is received first.
    if try workers.hasEnded(), try receiveFromWorkers() {
      for peer in workers.takeEnded() { broker.disconnected(worker: peer, now: Clock.now()) }
    }
    if let why = clients.takeRefusal() { reject(why, from: "client") }
    if let why = workers.takeRefusal() { reject(why) }
  }

  /// Says that something was refused, once a second at most.
  private mutating func reject(_ why: String, from sender: String = "worker") {
    let now = Clock.now()
    guard rejections.isDue(now) else { return }
    broker.effects.append(.publish(Line("router.rejected").with("from", sender).with("why", why)))
  }
}
