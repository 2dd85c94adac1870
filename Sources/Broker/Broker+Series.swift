internal import Wire

/// Series: requests that differ in nothing but their parameters, sent, queued, run and answered as one, as
/// long as nothing happens to any of them. When something does, they are single requests from then on;
/// those of which it is only expected to take its time, shorter series.
extension Broker {
  /// Whether a series may be run as one.
  func staysWhole(_ series: PendingRequest) -> Bool { series.count <= mostTogether(series) }

  /// How many of a series may be run as one: only what a worker is expected to be through with soon, and
  /// none as long as anybody is known to have died of anything.
  private func mostTogether(_ series: PendingRequest) -> Int {
    guard let microseconds = series.statement?.expectedMicroseconds, quarantine.isEmpty else {
      return 0
    }
    return Int((Constants.batchMicroseconds - 1) / max(microseconds, 1))
  }

  /// Puts others in the place of a series that does not stay whole: as few as may be, about as long.
  mutating func divide(_ number: UInt64, _ series: PendingRequest) {
    let most = max(mostTogether(series), 1)
    let pieces = (series.count + most - 1) / most
    split(number, by: (series.count + pieces - 1) / pieces)
  }

  /// Puts several in the place of a series, as if they had been sent so: single requests, or shorter series.
  /// Its number and those behind it were kept for them.
  /// - Parameters:
  ///   - first: the number of those that have been answered.
  ///   - size: how many stay together.
  ///   - isBegun: whether they were begun when the series was given to a worker last.
  ///   - isSuspect: whether a worker has died that ran it.
  /// - Returns: their numbers.
  @discardableResult
  mutating func split(
    _ number: UInt64, from first: Int = 0, by size: Int = 1, isBegun: Bool = true,
    isSuspect: Bool = false
  ) -> [UInt64] {
    guard let series = remove(number), var query = series.query, let account = series.account
    else { return [] }
    let id = query.id
    let payloads = series.payload.members(from: first, by: size)
    return zip(stride(from: first, to: series.count, by: size), payloads).map { begin, payload in
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
      request.givenBack = series.givenBack + (isBegun ? 0 : 1)
      if begin == 0 {
        // An answer to the series, whose number it has, is none to it.
        request.attempts += 1
        request.givenBack += 1
        request.credit = series.credit
      }
      let number = number + UInt64(begin)
      // By an id that is in flight already the other one is known.
      if let key = request.key, inFlight[key] == nil { inFlight[key] = number }
      admit(number, request, account)
      return number
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
    split(result.attempt.job, from: answered, isBegun: false)
  }
}
