package import Wire

extension Broker {
  /// Brings everything that has been learned to its end: resolves names, hands out requests. To be
  /// called when all that has come was told.
  package mutating func settle(now: Instant) {
    spreadCatalogChanges()
    reviewNames()
    resolve(now)
    checkLate(now)
    dispatch(now)
    checkVersions(now)
    handOver(now)
    cutStalled(now)
  }

  /// The same before all was told, when there is enough for a worker that waits: it need not wait until
  /// the router has gone through what others have said.
  package mutating func settleEarly(now: Instant) {
    if !idle.isEmpty && hasMuchQueued { settle(now: now) }
  }

  /// Takes a request out of where it waits and puts it where it belongs now.
  mutating func moveToQueue(_ number: UInt64) {
    guard let request = requests[number] else { return }
    dequeue(number, request)
    enqueue(number, request)
  }

  /// Hands out what waits to the workers that wait. It is not waited for more: a worker gets several
  /// requests at once when there are more than workers, and what they run is known to be quick.
  mutating func dispatch(_ now: Instant) {
    while !idle.isEmpty && queue.count > 0 {
      guard let number = nextRequest(), let request = requests[number],
        let place = idleWorker(for: request.waitingName)
      else { return }
      guard isRunnable(number, request, now) else { continue }
      let share = min(queue.count / idle.count, Constants.batchRequests)
      let worker = idle.remove(at: place)
      var batch = Batch(capacity: share)
      worker.state = .running
      begin(number, request, in: &batch, by: worker, now)
      if share > 1 && Self.mayShare(request) {
        fill(&batch, upTo: share, by: worker, now)
      }
      if batch.count > 1 { statistics.note(batchOf: batch.count, now) }
      effects.append(.run(worker.peer, batch.orders))
    }
  }

  /// Hands out before everything was told: when there is enough for a worker, and before anything is
  /// refused for the room that this takes.
  mutating func dispatchEarly(_ now: Instant) {
    if !idle.isEmpty && hasMuchQueued { dispatch(now) }
  }

  /// Whether a worker could not be given more, or no client more room.
  private var hasMuchQueued: Bool {
    queue.count
      >= min(Constants.batchRequests, configuration.maxQueuedRequests / Constants.queueShares)
      || queue.bytes
        >= min(Constants.batchBytes, configuration.maxQueuedBytes / Constants.queueShares)
  }

  /// Whether the request whose turn it is can be run; if not, it was answered or put elsewhere.
  mutating func isRunnable(
    _ number: UInt64, _ request: PendingRequest, _ now: Instant
  ) -> Bool {
    if request.deadline <= now {
      // It ran out while it waited, and the time for `tick` has not come.
      finish(number, .failure(Failure(.deadline, overdue(request))), now: now)
    } else if let refusal = quarantineRefusal(of: request, now) {
      // It was not known yet when this one came.
      finish(number, .failure(refusal), now: now)
    } else if request.each != nil && !staysWhole(request) {
      divide(number, request)
    } else if !request.isSuspect && isSuspect(request) {
      dequeue(number, request)
      request.isSuspect = true
      enqueue(number, request)
    } else {
      return true
    }
    return false
  }

  /// Takes the request whose turn it is.
  private mutating func nextRequest(along worker: WorkerRecord? = nil) -> UInt64? {
    guard let turn = nextTurn(along: worker) else { return nil }
    queue.take(turn)
    return turn.number
  }

  /// The turn that comes next among the requests that can be run now by a worker that waits.
  ///
  /// - Parameter worker: one that is given something; then, only if that request may be run together
  ///   with others.
  private func nextTurn(along worker: WorkerRecord?) -> RequestQueue.Turn? {
    let mayRunLong = mayRunLong
    return queue.turn { lane in
      guard lane.isShort || mayRunLong || worker?.runsLong ?? false else { return false }
      guard let worker else { return idleWorker(for: lane.database) != nil }
      return worker.serves(lane.database)
    } unless: { number in
      guard let request = requests[number], request.isSuspect else { return false }
      return casualties.areTooMany(besides: workers.count)
        || workers.values.contains { $0.runsSuspect }
        || casualties.hold(request.connection, besides: workers.count)
    } exceptOf: { connection in
      casualties.hold(connection, besides: workers.count)
    } only: { number in
      guard let worker else { return true }
      // Behind what is short, what may be long would be run by a worker that is reserved.
      return requests[number].map {
        Self.mayShare($0) && (worker.runsLong || $0.statement?.isLong == false)
      } ?? false
    }
  }

  /// Where in `idle` the least recently used worker stands that has the database.
  func idleWorker(for database: String) -> Int? {
    idle.firstIndex { $0.serves(database) }
  }

  /// Whether a worker can be spared for a statement that may take long.
  private var mayRunLong: Bool {
    guard configuration.reservedWorkers > 0 else { return true }
    let busy = workers.values.count { $0.runsLong }
    return busy < max(1, workers.count - configuration.reservedWorkers)
  }

  /// Whether a request may be run together with others: it is expected to take little time, and not
  /// to kill its worker.
  private static func mayShare(_ request: PendingRequest) -> Bool {
    !request.isSuspect && !request.isReturned
      && request.statement?.isQuick == true
  }

  /// Adds to what a worker gets the requests whose turns come next, as long as they may be run together,
  /// up to a number of them, their bytes and the time that they are expected to take.
  private mutating func fill(
    _ batch: inout Batch, upTo count: Int, by worker: WorkerRecord, _ now: Instant
  ) {
    while batch.count < count && batch.hasRoom {
      guard let number = nextRequest(along: worker), let request = requests[number] else { return }
      guard isRunnable(number, request, now) else { continue }
      begin(number, request, in: &batch, by: worker, now)
    }
  }

  /// Begins an attempt at a request.
  private mutating func begin(
    _ number: UInt64, _ request: PendingRequest, in batch: inout Batch,
    by worker: WorkerRecord, _ now: Instant
  ) {
    guard case .query(let query) = request.message, let statement = request.statement else {
      return
    }
    dequeue(number, request)
    request.attempts += 1
    request.state = .running(worker.peer)
    request.begun = now
    let attempt = Attempt(job: number, number: request.attempts)
    batch.count += request.count
    worker.runs.append(
      WorkerRecord.Run(
        attempt, connection: request.connection, statement: statement,
        isSeries: request.each != nil, isSuspect: request.isSuspect, begun: now))
    batch.orders.append(
      Order(
        job: Job(
          attempt: attempt, database: query.database, format: query.format,
          deadlineMilliseconds: request.deadline.millisecondsUp(since: now),
          ifVersion: query.ifVersion,
          chunkBytes: query.credit == nil ? nil : Constants.chunkBytes,
          each: query.each, extras: query.extras),
        request: request.payload))
    batch.bytes += request.size
    batch.microseconds += (statement.expectedMicroseconds ?? 0) * Int64(request.count)
    if request.isReturned {
      effects.append(
        .publish(
          Line("request.retried").with("id", query.id).with("db", query.database)
            .with("tries", request.tries).with("worker", worker.member.name)))
    }
  }
}

/// What a worker gets at once.
private struct Batch {
  var orders: [Order] = []
  /// As how many requests they count.
  var count = 0
  /// Of the requests.
  var bytes = 0
  /// That they are expected to take together.
  var microseconds = 0 as Int64

  init(capacity: Int) {
    orders.reserveCapacity(capacity)
  }

  /// Whether one more may be added, as far as bytes and time go.
  var hasRoom: Bool {
    bytes < Constants.batchBytes && microseconds < Constants.batchMicroseconds
  }
}
