internal import DequeModule
package import Wire

/// What becomes of requests whose workers are gone.
extension Broker {
  /// A message for a worker could not be delivered: its connection is gone.
  package mutating func unreachable(_ peer: PeerID, now: Instant) {
    lose(peer, why: "unreachable", .uncounted, now)
  }

  /// A worker's connection is gone, and so is the worker: no live one closes it. Its supervisor says
  /// so as well, but later, as the kernel takes apart all that a process had before it tells.
  package mutating func disconnected(worker peer: PeerID, now: Instant) {
    guard let worker = workers[peer] else { return }
    var threads = [peer]
    if hasThreads {
      // They have all gone, whether that is known of each yet or not.
      threads = workers.compactMap { other, record in
        record.process == worker.process && record.member.generation == worker.member.generation
          && record.supervisor == worker.supervisor ? other : nil
      }
    }
    loseProcess(threads, why: "its connection was closed", nil, now)
  }

  /// All workers of a process are gone. Of what several of its threads ran, the process has died of
  /// what others had died of before; otherwise it will show, as each is run alone from now on.
  /// - Parameter loss: what is known of it.
  mutating func loseProcess(_ threads: [PeerID], why: String, _ loss: Loss?, _ now: Instant) {
    // One of several was overdue, not all of them.
    let known = loss == .overdue && threads.count > 1 ? nil : loss
    var losses: [(peer: PeerID, loss: Loss)] = []
    for peer in threads {
      guard let worker = workers[peer] else { continue }
      losses.append((peer, known ?? cause(ofDeath: worker, peer, now)))
    }
    if losses.count > 1 {
      let isOverdue = loss == .overdue || losses.contains { $0.loss == .overdue }
      let died = losses.filter { $0.loss == .died && workers[$0.peer]?.mayHaveDied ?? false }
      let suspects = died.filter { workers[$0.peer]?.runsSuspect ?? false }
      let guilty = suspects.isEmpty ? died : suspects
      for (index, (peer, cause)) in losses.enumerated() where cause == .died {
        let mayBe = !isOverdue && guilty.contains { $0.peer == peer }
        losses[index].loss = mayBe ? (guilty.count == 1 ? .died : .shared) : .uncounted
      }
    }
    for (peer, loss) in losses { lose(peer, why: why, loss, now) }
  }

  /// What a worker has most probably died of.
  func cause(ofDeath worker: WorkerRecord, _ peer: PeerID, _ now: Instant) -> Loss {
    isStopping(worker) ? .uncounted : isOverdue(peer, worker, now) ? .overdue : .died
  }

  /// Whether the time of something that a worker runs is over.
  private func isOverdue(_ peer: PeerID, _ worker: WorkerRecord, _ now: Instant) -> Bool {
    worker.runs.contains { run in
      heldRequest(run, by: peer).map { now >= $0.deadline } ?? false
    }
  }

  /// The request of a run, if somebody waits for it still.
  func heldRequest(_ run: WorkerRecord.Run, by peer: PeerID) -> PendingRequest? {
    guard let request = requests[run.attempt.job], request.attempts == run.attempt.number,
      request.worker == peer
    else { return nil }
    return request
  }

  /// A worker has said what no worker says. It waits for a reply, and what it had is not answered.
  package mutating func misunderstood(_ peer: PeerID, why: String, now: Instant) {
    effects.append(.tell(peer, .bye))
    lose(peer, why: why, .died, now)
  }

  /// What the loss of a worker means for the request that it ran.
  enum Loss {
    /// The worker died of it, for all that is known.
    case died
    /// The worker died of it or of something else that ran in the same process.
    case shared
    /// The worker ended itself, because it could not stop what it ran.
    case overdue
    /// It is no fault of the request.
    case uncounted
  }

  /// A worker is gone. What it held goes back to the front of the queue.
  mutating func lose(_ peer: PeerID, why: String, _ loss: Loss, _ now: Instant) {
    guard let worker = workers[peer] else { return }
    // What waits for its reader does not run: whatever its worker died of, it was not that.
    let loss = worker.stalledSince == nil ? loss : .uncounted
    // One that lives after all and waits would wait for ever; so it ends, and is started again.
    if worker.state == .idle || worker.stalledSince != nil { effects.append(.tell(peer, .bye)) }
    forget(peer)
    var line = Line("router.lost").with(worker.member).with("why", why)
    if case .checking(let database) = worker.state {
      failCheck(of: database, by: worker, now)
      line.append("looked_at", database)
    }
    effects.append(.publish(line))
    guard !worker.runs.isEmpty else { return }
    if loss != .uncounted { statistics.noteDeath(now) }
    if worker.runs.count == 1, loss != .shared, !worker.runs[0].isSeries {
      lose(worker.runs[0], of: worker, peer, loss, now)
    } else {
      lose(worker.runs, of: worker, peer, loss, now)
    }
  }

  /// The worker is gone that ran this alone.
  private mutating func lose(
    _ run: WorkerRecord.Run, of worker: WorkerRecord, _ peer: PeerID, _ loss: Loss, _ now: Instant
  ) {
    let number = run.attempt.job
    if loss != .uncounted {
      casualties.died(worker.process, of: run.connection, now: now)
      run.statement.note(microseconds: now.microseconds(since: run.begun))
    }
    guard let request = heldRequest(run, by: peer) else {
      if let account = run.abandoned, loss != .uncounted { charge(account, now) }
      return
    }
    if loss != .uncounted, let account = account(of: request) {
      request.deaths += 1
      request.isSuspect = true
      charge(account, now)
    }
    // Before that it has ended because it could not reach its router.
    if loss == .overdue && now >= request.deadline {
      finishOverdue(number, request, worker.member, now)
    } else if request.deaths >= (request.hasComeFar ? 1 : configuration.tries)
      && request.chunks == 0
    {
      crash(number, request, worker.member, now)
    } else {
      requeue(number, now)
    }
  }

  /// The worker is gone that had several. Which of them it died of will show, as each is run alone
  /// from now on.
  private mutating func lose(
    _ runs: Deque<WorkerRecord.Run>, of worker: WorkerRecord, _ peer: PeerID, _ loss: Loss,
    _ now: Instant
  ) {
    if loss != .uncounted { casualties.died(worker.process, of: nil, now: now) }
    for run in runs {
      guard let request = heldRequest(run, by: peer) else { continue }
      if loss == .overdue && now >= request.deadline {
        finishOverdue(run.attempt.job, request, worker.member, now)
      } else if loss != .uncounted && request.each != nil {
        split(run.attempt.job, isSuspect: true)
      } else {
        if loss != .uncounted { request.isSuspect = true }
        requeue(run.attempt.job, now)
      }
    }
  }

  private mutating func finishOverdue(
    _ number: UInt64, _ request: PendingRequest, _ member: Member, _ now: Instant
  ) {
    effects.append(
      .publish(
        Line("request.overdue").with("id", request.id).with("db", request.database)
          .with("worker", member.name).with("sql", request.payload.excerpt)))
    let why = "its worker could not stop it at its deadline, and ended"
    finish(number, .failure(Failure(.deadline, why)), now: now)
  }

  mutating func crash(
    _ number: UInt64, _ request: PendingRequest, _ member: Member, _ now: Instant
  ) {
    effects.append(
      .publish(
        Line("request.crashed").with("id", request.id).with("db", request.database)
          .with("deaths", request.deaths).with("worker", member.name)
          .with("sql", request.payload.excerpt)))
    let why = "\(request.deaths) workers died while they ran it"
    finish(number, .failure(Failure(.crashed, why)), now: now)
  }
}
