internal import DequeModule
package import Wire

extension Broker {
  /// Why a request is not taken; nil when it is, and there is room for it.
  mutating func refusal(
    of request: PendingRequest, from client: ClientRecord, _ now: Instant
  ) -> Failure? {
    if isDraining { return Self.draining }
    // A bound may be smaller than a series: one may always be there.
    if client.count > 0 && client.count + request.count > configuration.maxRequestsInFlight {
      return Self.busy("\(client.count) requests of this client are in flight")
    }
    // A share may be smaller than a request: one may always wait.
    if client.waiting > 0 {
      if client.waiting + request.count > configuration.maxQueuedRequests / Constants.queueShares {
        return Self.busy("\(client.waiting) requests of this client are waiting")
      }
      let bytes = configuration.maxQueuedBytes / Constants.queueShares
      if client.waitingBytes + request.size > bytes {
        return Self.busy("\(client.waitingBytes) bytes of requests of this client are waiting")
      }
    }
    return makeRoom(for: request, of: client, now)
  }

  /// Sees to it that a request keeps within the bounds on all that wait.
  private mutating func makeRoom(
    for request: PendingRequest, of client: ClientRecord, _ now: Instant
  ) -> Failure? {
    let count = queue.count + unresolved.count + parked.count
    let more = count + request.count - configuration.maxQueuedRequests
    guard
      more <= 0 || count == 0
        || free(more, of: .requests, above: client.waiting + request.count, now)
    else {
      return Self.busy("\(count) requests are waiting")
    }
    let bytes = queue.bytes + unresolved.bytes + parked.bytes
    let moreBytes = bytes + request.size - configuration.maxQueuedBytes
    guard
      moreBytes <= 0
        || free(moreBytes, of: .bytes, above: client.waitingBytes + request.size, now)
    else {
      return Self.busy("\(bytes) bytes of requests are waiting")
    }
    return nil
  }

  /// Frees so much of what waits: what has come last of the clients that have most is refused after
  /// all, down to the bound. When that is not enough, nobody is refused for it.
  private mutating func free(
    _ amount: Int, of share: Share, above bound: Int, _ now: Instant
  ) -> Bool {
    var missing = amount
    var isFirst = true
    while missing > 0 {
      let (largest, spare) = largest(by: share, above: bound)
      if isFirst && missing > spare { return false }
      isFirst = false
      // No more of its requests run than there are workers.
      guard let client = largest,
        let newest = client.numbers.last(where: { requests[$0]?.isWaiting ?? false })
      else { return false }
      let before = share.of(client)
      finish(newest, .failure(Self.busy("others need the room that it takes")), now: now)
      missing -= before - share.of(client)
    }
    return true
  }

  /// The client that has most of what waits, of several such that which was the last to send; and what
  /// all have above a bound together.
  private func largest(by share: Share, above bound: Int) -> (client: ClientRecord?, spare: Int) {
    var spare = 0
    var most: (client: ClientRecord, amount: Int, newest: UInt64)?
    for client in clients.values {
      let amount = share.of(client)
      if amount > bound { spare += amount - bound }
      guard amount >= most?.amount ?? 0 else { continue }
      let newest = client.numbers.last ?? 0
      if amount > most?.amount ?? -1 || newest > most?.newest ?? 0 {
        most = (client, amount, newest)
      }
    }
    return (most?.client, spare)
  }

  package static func busy(_ why: String) -> Failure {
    Failure(.busy, why, retryMilliseconds: Constants.busyRetryMilliseconds)
  }

  package static var draining: Failure {
    Failure(
      .draining, "the router is about to end",
      retryMilliseconds: Constants.drainingRetryMilliseconds)
  }
}

/// What a client has of the room for all that wait.
private enum Share {
  case requests
  case bytes

  func of(_ client: ClientRecord) -> Int {
    switch self {
    case .requests: client.waiting
    case .bytes: client.waitingBytes
    }
  }
}
