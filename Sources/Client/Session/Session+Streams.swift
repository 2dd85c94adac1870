internal import DequeModule
internal import Toolkit
internal import Wire
internal import ZeroMQ

/// Results that come in chunks.
extension Session {
  /// A chunk of the result of a request that was sent has come.
  mutating func receive(chunk number: Int, _ body: Part, for slot: Int) {
    if stream?.slot != slot {
      guard number == 1, let credit = entries[slot].request?.credit, credit > 0 else {
        return breakOff(slot, number)
      }
      guard isTurn(of: slot) else {
        cancel(slot)
        return letGo(slot)
      }
      stream = Stream(slot: slot, granted: credit)
    }
    guard var stream, number == stream.received + 1, number <= stream.granted else {
      return breakOff(slot, number)
    }
    stream.received = number
    stream.bytes += body.count
    stream.waiting.append(body)
    self.stream = stream
    statistics.bytes += body.count
    if let bound = settings.maxWholeBytes, stream.bytes > bound {
      cancel(slot)
      fail(
        slot, .tooLarge,
        "the result is larger than the \(bound >> 20) MiB that can be laid out; take another format"
      )
    } else if number == 1 {
      grantCredit()
    }
  }

  /// Asks for as many chunks as may be on their way or wait.
  mutating func grantCredit() {
    guard var stream, case .sent = entries[stream.slot].state else { return }
    let printed = stream.received - stream.waiting.count
    let more = printed + Settings.streamCredit - stream.granted
    guard more > 0 else { return }
    stream.granted += more
    self.stream = stream
    controls.append(.credit(id: entries[stream.slot].id, chunks: more))
  }

  /// Whether this request may be a stream now.
  mutating func isTurn(of slot: Int) -> Bool {
    guard stream == nil else { return false }
    guard settings.isOrdered else {
      if soloist == nil { soloist = slot }
      return soloist == slot
    }
    return order.first { !entries[$0].isFinished } == slot
  }

  /// Puts a request off until its turn: its result is too large to be kept, or the router did not keep it.
  mutating func letGo(_ slot: Int) {
    entries.renew(slot)
    entries[slot].state = .letGo
    // It is sent again for no fault of its own.
    entries[slot].sends -= 1
    entries[slot].sentAt = nil
    if !settings.isOrdered { soloists.append(slot) }
  }

  /// A request has been printed: whose turn comes next is sent again, if it was let go.
  mutating func passTurn(from slot: Int, now: Instant) {
    let next: Int?
    if settings.isOrdered {
      next = order.first
    } else {
      if soloist == slot { soloist = nil }
      if soloist == nil { soloist = soloists.popFirst() }
      next = soloist
    }
    if let next, case .letGo = entries[next].state { restart(next, now: now) }
  }

  /// Sends a request again, with all its time, as it was not the cluster that let it wait.
  mutating func restart(_ slot: Int, now: Instant) {
    let milliseconds =
      entries[slot].request?.timeoutMilliseconds ?? settings.timeoutMilliseconds
    entries[slot].deadline = now.adding(milliseconds: milliseconds)
    wake = min(wake, entries[slot].deadline)
    queue(slot)
  }

  /// Says that the answer to a request is not wanted any more.
  private mutating func cancel(_ slot: Int) {
    controls.append(.cancel(id: entries[slot].id))
  }

  /// How many chunks of the result have come.
  func chunksReceived(for slot: Int) -> Int {
    stream?.slot == slot ? stream?.received ?? 0 : 0
  }

  private mutating func breakOff(_ slot: Int, _ number: Int) {
    cancel(slot)
    let last = chunksReceived(for: slot)
    fail(
      slot, .crashed,
      "cannot understand the router's answer: chunk \(number) of the result came after chunk \(last)"
    )
  }
}
