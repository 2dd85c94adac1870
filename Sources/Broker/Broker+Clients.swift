internal import HeapModule
package import Wire

extension Broker {
  /// A client has sent a request.
  /// - Parameters:
  ///   - client: its connection and envelope, which scope its ids.
  ///   - size: of the request, in bytes.
  package mutating func receive(
    _ message: ClientMessage, _ payload: Request, size: Int, from client: PeerID, now: Instant
  ) {
    if case .cancel(let id) = message {
      if let number = inFlight[ClientRequestID(client: client, id: id)] {
        finish(number, .failure(Failure(.cancelled, "its client took it back")))
      }
      return
    }
    var deadlineMilliseconds = configuration.defaultDeadlineMilliseconds
    if case .query(let query) = message, let own = query.deadlineMilliseconds {
      deadlineMilliseconds = own
    }
    let request = PendingRequest(
      client: client, message: message, payload: payload, size: size, arrival: now,
      deadline: now.adding(milliseconds: deadlineMilliseconds))
    let key = request.id.map { ClientRequestID(client: client, id: $0) }
    if let key, inFlight[key] != nil { return }
    if let refusal = refusal(of: size) {
      answer(request, .failure(refusal))
      return
    }

    let number = nextNumber
    nextNumber += 1
    if let key { inFlight[key] = number }
    requests[number] = request
    deadlines.insert(Expiry(time: request.deadline, number: number))
    enqueue(number)
    settle(now)
  }

  /// Why a request of so many bytes is not taken; nil when it is.
  private func refusal(of size: Int) -> Failure? {
    if isDraining { return Self.draining }
    let waiting = queue.count + unresolved.count
    if waiting >= configuration.maxQueuedRequests {
      return Failure(
        .busy, "\(waiting) requests are waiting",
        retryMilliseconds: Constants.busyRetryMilliseconds)
    }
    let bytes = queue.bytes + unresolved.bytes
    if bytes + size > configuration.maxQueuedBytes {
      return Failure(
        .busy, "\(bytes) bytes of requests are waiting",
        retryMilliseconds: Constants.busyRetryMilliseconds)
    }
    return nil
  }

  static var draining: Failure {
    Failure(
      .draining, "the router is about to end",
      retryMilliseconds: Constants.drainingRetryMilliseconds)
  }

  /// Puts a request without a worker where it belongs.
  mutating func enqueue(_ number: UInt64) {
    guard let request = requests[number] else { return }
    if let database = request.database, isServed(database) || isExpected(database) {
      requests[number]?.state = .queued
      queue.insert(number, for: database, size: request.size)
    } else {
      requests[number]?.state = .unresolved
      unresolved.insert(number, for: request.database ?? "", size: request.size)
    }
  }

  /// Gives a request its final answer.
  mutating func finish(
    _ number: UInt64, _ outcome: Outcome, _ rows: Rows<Body>? = nil, worker: Member? = nil,
    runMicroseconds: Int64? = nil
  ) {
    guard let request = requests.removeValue(forKey: number) else { return }
    if let id = request.id { inFlight[ClientRequestID(client: request.client, id: id)] = nil }
    switch request.state {
    case .queued: queue.remove(number, for: request.database ?? "", size: request.size)
    case .unresolved: unresolved.remove(number, for: request.database ?? "", size: request.size)
    case .running: break
    }
    answer(request, outcome, rows, worker: worker, runMicroseconds: runMicroseconds)
    compactDeadlines()
  }

  private mutating func answer(
    _ request: PendingRequest<Request>, _ outcome: Outcome, _ rows: Rows<Body>? = nil,
    worker: Member? = nil, runMicroseconds: Int64? = nil
  ) {
    var line = outcome.line(Line("").with("id", request.id).fields)
    if request.database != nil { line.append("tries", request.tries) }
    line.append("worker", worker?.name)
    line.append("queue_us", request.begun?.microseconds(since: request.arrival))
    line.append("run_us", runMicroseconds)
    effects.append(.answer(request.payload, line, rows))
  }
}
