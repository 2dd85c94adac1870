internal import DequeModule
package import Wire

extension Broker {
  /// A worker runs what nobody waits for any more. It is told so, and stays busy until it says that
  /// it is ready.
  mutating func abandon(
    _ peer: PeerID, _ number: UInt64, _ request: PendingRequest, _ outcome: Outcome, _ now: Instant
  ) {
    let attempt = Attempt(job: number, number: request.attempts)
    guard let worker = workers[peer], let index = worker.index(of: attempt) else { return }
    let account = account(of: request)
    worker.runs[index].abandoned = account
    // One that waits for its reader can be told directly.
    if release(peer, .stop, now) { return }
    var line = abandonment(worker.member, attempt).with("id", request.id)
      .with("db", request.database)
    if case .failure(let failure) = outcome { line.append("why", failure.message) }
    effects.append(.publish(line))
  }

  private func abandonment(_ member: Member, _ attempt: Attempt) -> Line {
    Line(EventWord.cancelled).with(member).with(attempt)
  }

  /// What is to be repeated in the router's state, as events may be lost: the attempts that run and
  /// that nobody waits for.
  package var abandonments: [Line] {
    workers.values.flatMap { worker in
      worker.runs.filter { !isCurrent($0.attempt) }.map { abandonment(worker.member, $0.attempt) }
    }
  }

  /// Whether an answer to this attempt is still wanted, be it from a worker that counts as dead.
  func isCurrent(_ attempt: Attempt) -> Bool {
    requests[attempt.job].map { $0.attempts == attempt.number } ?? false
  }

  /// Whose account a worker's death is on; nobody's when it ran several.
  func account(of request: PendingRequest) -> Quarantine.Account? {
    guard request.each == nil else { return nil }
    return request.statement.map {
      Quarantine.Account(
        statement: StatementKey(database: $0.key.database, text: request.payload.textHash),
        parameters: request.payload.parametersHash, excerpt: request.payload.excerpt)
    }
  }

  /// Why a request is refused that has killed workers before.
  @inline(__always)
  func quarantineRefusal(of request: PendingRequest, _ now: Instant) -> Failure? {
    guard !quarantine.entries.isEmpty, let account = account(of: request),
      let entry = quarantine.entry(for: account)
    else { return nil }
    let seconds = (entry.end.millisecondsUp(since: now) + 999) / 1000
    let what = entry.parameters == nil ? "this statement" : "this statement with these parameters"
    return Failure(
      .quarantined, "\(what) has killed \(entry.deaths) workers; it is refused for \(seconds) s")
  }

  /// Whether workers have died of such a request.
  @inline(__always)
  func isSuspect(_ request: PendingRequest) -> Bool {
    guard !quarantine.isEmpty, let account = account(of: request) else { return false }
    return quarantine.isSuspect(account)
  }

  /// A worker died of a request.
  mutating func charge(_ account: Quarantine.Account, _ now: Instant) {
    guard let entry = quarantine.died(account, now: now) else { return }
    effects.append(
      .publish(
        Line("request.quarantined").with(entry).with("for_ms", Quarantine.milliseconds)))
  }

  /// Lets everything that is quarantined go.
  package mutating func clearQuarantine() {
    effects.append(.publish(Line("quarantine.cleared").with("entries", quarantine.entries.count)))
    quarantine.clear()
  }

  /// Lets go what has been quarantined for long enough.
  mutating func expireQuarantine(_ now: Instant) {
    for entry in quarantine.expire(now) {
      effects.append(.publish(Line("request.released").with(entry)))
    }
  }
}
