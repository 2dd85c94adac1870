internal import Wire

/// Series: requests that differ in nothing but their parameters, sent, queued, run and answered as one, as
/// long as nothing happens to any of them. When something does, they are single requests from then on.
extension Broker {
  /// Whether a series may be run as one: only what a worker is expected to be through with soon, and of
  /// which nobody is known to have died. Peers are handed single ones.
  func staysWhole(_ series: PendingRequest) -> Bool {
    guard let microseconds = series.statement?.microseconds, quarantine.isEmpty, peers.isEmpty
    else { return false }
    return microseconds * Int64(series.count) < Constants.batchMicroseconds
  }

  /// Puts single requests in the place of a series, as if they had been sent so.
  /// - Parameters:
  ///   - first: the number of those that have been answered.
  ///   - isSuspect: whether a worker has died that ran it.
  mutating func split(_ number: UInt64, from first: Int = 0, isSuspect: Bool = false) {
    guard let series = remove(number), var query = series.query, let account = series.account
    else { return }
    let id = query.id
    query.each = nil
    for (index, payload) in series.payload.members.enumerated().dropFirst(first) {
      query.id = Query.id(index, of: id)
      let request = PendingRequest(
        .query(query), payload, size: series.size / series.count, from: series.client,
        over: series.connection, arrival: series.arrival, deadline: series.deadline)
      request.statement = series.statement
      request.isSuspect = isSuspect
      request.isReturned = isSuspect || series.isReturned
      request.attempts = series.attempts
      request.givenBack = isSuspect ? series.givenBack : series.attempts
      let number = newNumber()
      // By an id that is in flight already the other one is known.
      if let key = request.key, inFlight[key] == nil { inFlight[key] = number }
      admit(number, request, account)
    }
  }

  /// Whether a worker has answered all of a series.
  func isWhole(_ result: AttemptResult, _ each: Int) -> Bool {
    guard case .rows = result.outcome else { return false }
    return result.each ?? 0 >= each
  }

  /// Passes on the answers to the first of a series. The others were not begun, or it was the one behind
  /// those that ended it: what became of that shows when it is run alone.
  mutating func takePart(
    _ result: AttemptResult, _ body: Body, of series: PendingRequest, from member: Member,
    _ now: Instant
  ) {
    var answered = 0
    if case .rows = result.outcome, let each = result.each, each > 0 {
      answered = each
      answer(series, result.outcome, .rendered(body), from: (member, result), now: now)
    }
    split(result.attempt.job, from: answered)
  }
}
