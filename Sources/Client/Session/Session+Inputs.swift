private import Toolkit
package import Wire
private import ZeroMQ

/// What happens to a session.
extension Session {
  /// The connection stands: what is queued can be sent.
  package mutating func connected() {
    isConnected = true
    connectBy = nil
  }

  /// The connection is lost, and with it the answers to all that was sent.
  ///
  /// Nothing that was sent through it may arrive any more.
  package mutating func disconnected(now: Instant) {
    isConnected = false
    connectBy = now.adding(milliseconds: Settings.reconnectMilliseconds)
    var queued: [UInt64] = []
    for number in numbers {
      let entry = self[number]
      switch entry.state {
      case .sent where entry.sends >= settings.tries:
        fail(number, .tryAgain, "the connection to the router was lost, \(times(entry.sends))")
      case .sent, .queued:
        self[number].state = .queued
        queued.append(number)
        wake = min(wake, entry.deadline)
      case .waiting, .done, .failed: break
      }
    }
    setToSend(queued)
  }

  /// An answer has come.
  ///
  /// One that nobody waits for any more is ignored.
  package mutating func receive(_ answer: Answer, now: Instant) {
    guard let number = answer.id else {
      if answer.outcome == nil { complain(answer.text) }
      return
    }
    guard numbers.contains(number), case .sent = self[number].state,
      let request = self[number].request
    else { return }
    switch answer.outcome {
    case nil: fail(number, .crashed, "cannot understand the router's answer: \(answer.text)")
    case .rows, .unchanged: finish(number, answer)
    case .failure(let failure):
      let again = now.adding(milliseconds: failure.retryAfterMilliseconds)
      if failure.code.isRetriable, self[number].sends < settings.tries,
        again < self[number].deadline
      {
        self[number].state = .waiting(until: again, last: failure)
        wake = min(wake, again)
      } else {
        self[number].state = .failed(request.place.error(failure, sql: request.sql))
      }
    }
  }

  /// When `tick` is to be called at the latest; nil when there is nothing to wait for.
  package var nextTick: Instant? {
    let next = min(wake, connectBy ?? wake)
    return next.microseconds == .max ? nil : next
  }

  /// Time has passed.
  ///
  /// Call it only after all answers that have come were received, so that none counts as missing.
  package mutating func tick(now: Instant) {
    if let limit = connectBy, now >= limit { hasGivenUpConnecting = true }
    guard now >= wake else { return }
    wake = Instant(microseconds: .max)
    for number in numbers {
      guard let due = attend(number, now: now) else { continue }
      wake = min(wake, due)
    }
  }

  /// Does what is due for a request, and returns when it needs attention again.
  private mutating func attend(_ number: UInt64, now: Instant) -> Instant? {
    let entry = self[number]
    switch entry.state {
    case .done, .failed: return nil
    case .waiting(let until, _) where until <= now && now < entry.deadline:
      queueAgain(number)
      return entry.deadline
    case .waiting(let until, _) where until > now:
      return until
    case .waiting(_, let failure):
      guard let request = entry.request else { return nil }
      self[number].state = .failed(request.place.error(failure, sql: request.sql))
      return nil
    case .queued:
      guard now >= entry.deadline else { return entry.deadline }
      expire(number)
      return nil
    case .sent:
      let limit = entry.deadline.adding(milliseconds: Settings.graceMilliseconds)
      guard now >= limit else { return limit }
      expire(number)
      return nil
    }
  }

  /// Gives a request up whose time is over.
  mutating func expire(_ number: UInt64) {
    let sends = self[number].sends
    fail(
      number, .tryAgain,
      sends == 0
        ? "no router to send it to until its time was over"
        : "no answer came in its time, \(times(sends))")
  }

  private mutating func fail(_ number: UInt64, _ status: ExitStatus, _ why: String) {
    let what = self[number].request?.place.description ?? "request"
    self[number].state = .failed(ToolError(what, why, status))
  }

  private func times(_ sends: Int) -> String {
    sends == 1 ? "sent once" : "sent \(sends) times"
  }
}

extension Failure {
  /// Whatever the router says, within a day.
  fileprivate var retryAfterMilliseconds: Int {
    let asked = retryMilliseconds ?? Settings.retryMilliseconds
    return min(max(asked, 0), ClientMessage.maxDeadlineMilliseconds)
  }
}
