internal import DequeModule
internal import Toolkit
package import Wire
private import ZeroMQ

/// What happens to a session.
extension Session {
  /// The connection stands: what is queued can be sent.
  package mutating func connected() {
    isConnected = true
    connectBy = nil
    unreached = nil
    attempts.succeed()
  }

  /// The connection is lost, or could not be made, and with it the answers to all that was sent.
  ///
  /// Nothing that was sent through it may arrive any more.
  package mutating func disconnected(now: Instant) {
    if isConnected { connectBy = now.adding(milliseconds: Settings.reconnectMilliseconds) }
    isConnected = false
    attempts.fail(now: now)
    controls.removeAll()
    toSend.removeAll()
    for slot in entries.inOrder {
      switch entries[slot].state {
      case .sent: lose(slot)
      case .queued: queue(slot)
      case .waiting, .letGo, .refused, .done, .failed, .gone: break
      }
    }
  }

  /// The router ends: it answers what it holds, and nothing else is answered any more. Nothing is to be
  /// submitted from now on.
  package mutating func drain() {
    isDraining = true
    toSend.removeAll()
    for slot in entries.inOrder {
      switch entries[slot].state {
      case .queued, .waiting, .letGo: entries[slot].state = .refused
      case .sent, .refused, .done, .failed, .gone: break
      }
    }
  }

  /// The connection is lost through which a request was sent.
  private mutating func lose(_ slot: Int) {
    if let stream, stream.slot == slot {
      guard !stream.hasPrinted else {
        self.stream?.waiting.removeAll()
        return fail(
          slot, .aborted, "the connection to the router was lost in the middle of the result")
      }
      // It comes anew.
      statistics.bytes -= stream.bytes
      self.stream = nil
    }
    let sends = entries[slot].sends
    guard sends < settings.tries else {
      noteUnreached(slot)
      return fail(slot, nil, "the connection to the router was lost, \(Self.times(sends))")
    }
    wake = min(wake, entries[slot].deadline)
    queue(slot)
  }

  /// An answer, or a chunk of one, has come.
  ///
  /// One that nobody waits for any more is ignored.
  package mutating func receive(_ answer: Answer, now: Instant) {
    guard let id = answer.id else {
      switch answer.outcome {
      case nil: complain(answer.text)
      case .failure(let failure): complain(failure.text)
      case .rows, .unchanged: break
      }
      return
    }
    guard let slot = entries.slot(of: id), case .sent = entries[slot].state else { return }
    if let number = answer.chunk { return receive(chunk: number, answer.body, for: slot) }
    switch answer.outcome {
    case nil: misunderstand(slot, answer.text)
    case .rows, .unchanged: take(answer, for: slot, now: now)
    case .failure(let failure): take(failure, for: slot, now: now)
    }
  }

  private mutating func take(_ answer: Answer, for slot: Int, now: Instant) {
    let chunks = chunksReceived(for: slot)
    guard answer.chunks == chunks else {
      return misunderstand(
        slot, "its result has \(answer.chunks) chunks, of which \(chunks) have come")
    }
    window.take(answerOf: answer.body.count, now: now)
    guard hasRoom(for: answer.body.count, of: slot) else { return letGo(slot) }
    answerBytes += answer.body.count
    statistics.take(answer, sentAt: entries[slot].sentAt, now: now)
    finish(slot, .done(answer))
  }

  private mutating func take(_ failure: Failure, for slot: Int, now: Instant) {
    window.take(answerOf: 0, now: now)
    if isDraining && failure.code == .draining && stream?.slot != slot {
      entries[slot].state = .refused
      return
    }
    // Whoever reads the output has paused, and the router has not kept all that came meanwhile.
    if failure.code == .aborted, failure.retryMilliseconds != nil, stream?.slot != slot {
      guard isTurn(of: slot) else { return letGo(slot) }
      entries[slot].drops += 1
      if entries[slot].drops <= Settings.maxDrops && entries[slot].sends < settings.tries {
        return restart(slot, now: now)
      }
    }
    let again = now.adding(milliseconds: failure.retryAfterMilliseconds)
    if failure.code.isRetriable, entries[slot].sends < settings.tries,
      again < entries[slot].deadline, stream?.slot != slot
    {
      entries[slot].state = .waiting(until: again, last: failure)
      wake = min(wake, again)
    } else {
      fail(slot, failure)
    }
  }

  private mutating func misunderstand(_ slot: Int, _ what: String) {
    fail(slot, nil, "cannot understand the router's answer: \(what)", .crashed)
  }

  /// When `tick` is to be called at the latest; nil when there is nothing to wait for.
  package var nextTick: Instant? {
    let next = min(wake, connectBy ?? wake, attempts.due ?? wake)
    return next.microseconds == .max ? nil : next
  }

  /// Time has passed.
  ///
  /// Call it only after all answers that have come were received, so that none counts as missing.
  package mutating func tick(now: Instant) {
    if let limit = connectBy, now >= limit { hasGivenUpConnecting = true }
    guard now >= wake else { return }
    wake = Instant(microseconds: .max)
    for slot in entries.inOrder {
      guard let due = attend(slot, now: now) else { continue }
      wake = min(wake, due)
    }
  }

  /// Does what is due for a request, and returns when it needs attention again.
  private mutating func attend(_ slot: Int, now: Instant) -> Instant? {
    let entry = entries[slot]
    switch entry.state {
    case .letGo, .refused, .done, .failed, .gone: return nil
    case .waiting(let until, _) where until <= now && now < entry.deadline:
      queue(slot)
      return entry.deadline
    case .waiting(let until, _) where until > now:
      return until
    case .waiting(_, let failure):
      fail(slot, failure)
      return nil
    case .queued:
      guard now >= entry.deadline else { return entry.deadline }
      expire(slot)
      return nil
    case .sent:
      let wait = Settings.receiveMilliseconds
      let end = entry.deadline.adding(milliseconds: Settings.graceMilliseconds - wait)
      guard now >= end else { return end }
      let missedAt = entry.missedAt ?? now
      entries[slot].missedAt = missedAt
      let limit = missedAt.adding(milliseconds: wait)
      guard now >= limit else { return limit }
      expire(slot)
      return nil
    }
  }
}

extension Failure {
  /// Whatever the router says, within a day.
  fileprivate var retryAfterMilliseconds: Int {
    let asked = retryMilliseconds ?? Settings.retryMilliseconds
    return min(max(asked, 0), ClientMessage.maxDeadlineMilliseconds)
  }
}
