internal import Wire

/// Series: requests that differ in nothing but their parameters, sent, queued, run and answered as one, as
/// long as nothing happens to any of them. When something does, they are single requests from then on.
extension Broker {
  /// Whether a series may be run as one.
  func staysWhole(_ series: PendingRequest) -> Bool { series.count <= mostTogether(series) }

  /// How many of a series may be run as one: only what a worker is expected to be through with soon, and
  /// of which nobody is known to have died.
  private func mostTogether(_ series: PendingRequest) -> Int {
    guard let microseconds = series.statement?.microseconds, quarantine.isEmpty else { return 0 }
    return Int((Constants.batchMicroseconds - 1) / max(microseconds, 1))
  }

  /// Puts others in the place of a series that does not stay whole: as few as may be, about as long.
  mutating func divide(_ number: UInt64, _ series: PendingRequest) {
    let most = max(mostTogether(series), 1)
    let pieces = (series.count + most - 1) / most
    split(number, by: (series.count + pieces - 1) / pieces)
  }

  /// Puts several in the place of a series, as if they had been sent so: single requests, or shorter series.
  /// - Parameters:
  ///   - first: the number of those that have been answered.
  ///   - size: how many stay together.
  ///   - isSuspect: whether a worker has died that ran it.
  /// - Returns: the numbers of those.
  @discardableResult
  mutating func split(
    _ number: UInt64, from first: Int = 0, by size: Int = 1, isSuspect: Bool = false
  ) -> Range<UInt64> {
    let start = nextNumber
    guard let series = remove(number), var query = series.query, let account = series.account
    else { return start..<start }
    let id = query.id
    let payloads = series.payload.members(from: first, by: size)
    for (begin, payload) in zip(stride(from: first, to: series.count, by: size), payloads) {
      let count = min(size, series.count - begin)
      query.id = Query.id(begin, of: id)
      query.each = count > 1 ? count : nil
      let request = PendingRequest(
        .query(query), payload, size: series.size / series.count * count, from: series.client,
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
    return start..<nextNumber
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
