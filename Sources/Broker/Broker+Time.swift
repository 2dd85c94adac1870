internal import HeapModule
package import Wire

extension Broker {
  /// When `tick` has something to do, if nothing else happens before.
  package var nextDeadline: Instant? {
    var next = deadlines.min?.time
    func consider(_ time: Instant) { next = min(next ?? time, time) }
    for record in supervisors.values { consider(record.silenceEnd) }
    // Often enough to tell a sleep of our own from a silence of theirs.
    if !supervisors.isEmpty { consider(lastTick.adding(milliseconds: 1000)) }
    if !unresolved.isEmpty && lastTick < settled { consider(settled) }
    if let end = round?.end { consider(end) }
    if let drainEnd, !requests.isEmpty { consider(drainEnd) }
    if !unresolved.isEmpty && lastTick < nextRound { consider(nextRound) }
    if let cut = nextCut(after: lastTick) { consider(cut) }
    if let end = quarantine.nextEnd { consider(end) }
    if let end = casualties.nextEnd { consider(end) }
    if let due = versions.nextDue(after: lastTick) { consider(due) }
    if !versions.checks.isEmpty {
      if lastTick < nextCheck { consider(nextCheck) }
      for begun in looks.values where lastTick < Self.end(ofLookBegun: begun) {
        consider(Self.end(ofLookBegun: begun))
      }
    }
    for peer in peers { consider(peer.nextDue) }
    return next
  }

  /// Time has passed. Tell it everything else that has happened first.
  package mutating func tick(now: Instant) {
    // After a sleep of the whole process, silence is its own, not the supervisors'.
    let gap = now.microseconds(since: lastTick)
    if gap > Int64(Constants.silenceMilliseconds) * 1000 {
      for name in supervisors.keys { supervisors[name]?.lastHeard = now }
    }
    if gap > Int64(Constants.peerSilenceMilliseconds) * 1000 {
      for peer in peers { peer.lastHeard = now }
    }
    lastTick = now
    dropSilent(now)
    watchPeers(now)
    expire(now)
    endDrain(now)
    expireQuarantine(now)
    casualties.expire(now)
  }

  /// Answers what cannot be waited for any longer.
  private mutating func endDrain(_ now: Instant) {
    guard let drainEnd, now >= drainEnd else { return }
    for number in requests.keys.sorted() { finish(number, .failure(Self.draining), now: now) }
  }

  private mutating func expire(_ now: Instant) {
    while let expiry = deadlines.min, expiry.time <= now {
      deadlines.removeMin()
      guard let request = requests[expiry.number] else { continue }
      let end = request.deadline.adding(milliseconds: Constants.graceMilliseconds)
      let isStalled = request.worker.map(stalled.contains) ?? false
      if !request.isWaiting, !isStalled, now < end {
        // Who runs it watches the deadline too, and knows more.
        deadlines.insert(Expiry(time: end, number: expiry.number))
        continue
      }
      if case .parked = request.state {
        finish(expiry.number, .unchanged, now: now)
      } else {
        finish(expiry.number, .failure(Failure(.deadline, overdue(request))), now: now)
      }
    }
  }

  func overdue(_ request: PendingRequest) -> String {
    let time = request.allowedMilliseconds
    switch request.state {
    case .running where request.chunks > 0, .handed where request.chunks > 0:
      return "its result had no end within \(time) ms, with the time that its reader took"
    case .running: return "its worker did not answer within \(time) ms"
    case .handed: return "the peer that has it did not answer within \(time) ms"
    case .unresolved where workers.isEmpty: return "no worker came within \(time) ms"
    case .queued where !isServed(request.waitingName):
      return "no worker that has its database came back within \(time) ms"
    case .queued, .unresolved, .parked: return "no worker was free within \(time) ms"
    }
  }

  /// Keeps the deadlines of answered requests from piling up.
  mutating func compactDeadlines() {
    guard deadlines.count > 2 * requests.count + 1024 else { return }
    deadlines = Heap(deadlines.unordered.filter { requests[$0.number] != nil })
  }
}
