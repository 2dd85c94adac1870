internal import DequeModule
package import Toolkit
package import Wire
package import ZeroMQ

/// The client's side of a conversation with a router: which request is sent when, and how often;
/// which answer is printed, in the order of the requests or as they come.
///
/// A result that is larger than a chunk is a stream. There is one at a time, that of the request whose
/// turn it is to be printed: of all others that turn out so large the first chunk is dropped, they
/// are cancelled, and sent again when it is their turn. So no stream ever waits for another one. Likewise
/// with results that the router has dropped, because whoever prints them was not ready to read more.
///
/// It has no socket and reads no clock. Whoever owns those tells it what happens and then does
/// what `next` says until that says nothing more.
package struct Session {
  package enum Effect {
    /// Send this request under this id, with so much time.
    case send(Request, id: UInt64, deadlineMilliseconds: Int)
    /// Ask for so many more chunks.
    case credit(id: UInt64, chunks: Int)
    /// Say that the result is not wanted any more.
    case cancel(id: UInt64)
    /// Print these rows, and behind them more of the same result. To call `next` again says that they
    /// are printed.
    case printChunk(Part)
    /// Print the body of this answer, which completes a result.
    case print(Answer)
    /// Say that a request failed.
    case report(ToolError)
    /// Say that the router sent something that belongs to no request.
    case complain(String)
    /// Connect again.
    case connect
    /// End: no router has answered, at the start or since the last one was lost.
    case giveUpConnecting

    /// Whether it goes to the router.
    package var isSent: Bool {
      switch self {
      case .send, .credit, .cancel: true
      case .printChunk, .print, .report, .complain, .connect, .giveUpConnecting: false
      }
    }
  }

  package let settings: Settings
  var entries = Entries()
  /// The slots of all entries, in the order in which they are printed; unless that is the order of
  /// the requests, of those that are finished.
  var order: Deque<Int> = []
  /// Slots of queued requests in the order in which they are sent; some may have been given up since.
  var toSend: Deque<(slot: Int, id: UInt64)> = []
  /// What is said about streams.
  var controls: Deque<Effect> = []
  private var complaints: Deque<String> = []
  /// What was left out of the answer that was printed last.
  private var omission: ToolError?
  var stream: Stream?
  /// Whether a chunk of the stream has been given out and may not be printed yet.
  private var isPrinting = false
  /// Unless results are printed in order: whose turn it is to be a stream, and whose it is later.
  var soloist: Int?
  var soloists: Deque<Int> = []
  package internal(set) var statistics = Statistics()
  var window: Window
  private var submitted: UInt64 = 0
  private var requestBytes = 0
  var answerBytes = 0
  /// Entries of which only printing is left.
  var finished = 0

  var isConnected = false
  var attempts: Attempts
  /// Nil while there is a connection.
  var connectBy: Instant?
  var hasGivenUpConnecting = false
  /// The first of the requests that have failed for want of a router since there was one.
  var unreached: Entry?
  /// Whether the router ends, and nothing is submitted or sent any more.
  package internal(set) var isDraining = false
  /// No request needs attention before this; it may also turn out that none does.
  var wake = Instant(microseconds: .max)

  package init(_ settings: Settings, now: Instant) {
    self.settings = settings
    window = Window(limit: settings.window, now: now)
    attempts = Attempts(now: now)
    connectBy = now.adding(milliseconds: Settings.connectMilliseconds)
  }

  /// Whether everything submitted has been printed or reported.
  package var isEmpty: Bool { entries.count == 0 && omission == nil }

  /// Whether the router ends and has answered all that it is going to answer.
  package var isDrained: Bool { isDraining && entries.unanswered.isEmpty }

  /// The ids of what was sent and is not answered.
  package var unanswered: [UInt64] { entries.unanswered }

  /// Whether more may be submitted.
  package var hasRoom: Bool {
    window.hasRoom(beside: entries.count - finished) && entries.count < Entries.maxCount
      && requestBytes < settings.maxRequestBytes && answerBytes < settings.maxAnswerBytes
  }

  /// Takes one more request, or what came of it, behind all others; there must be room.
  package mutating func submit(_ work: Work, now: Instant) {
    var entry = Entry(state: .queued, deadline: now)
    entry.number = submitted
    submitted += 1
    statistics.queries += 1
    switch work {
    case .failure(let error):
      let slot = entries.insert(entry)
      if settings.isOrdered { order.append(slot) }
      fail(slot, error)
    case .request(let request):
      entry.deadline = now.adding(
        milliseconds: request.timeoutMilliseconds ?? settings.timeoutMilliseconds)
      requestBytes += request.size
      wake = min(wake, entry.deadline)
      entry.request = request
      let slot = entries.insert(entry)
      if settings.isOrdered { order.append(slot) }
      queue(slot)
    }
  }

  /// What is to be done next, nil when there is nothing for now.
  package mutating func next(now: Instant) -> Effect? {
    if isPrinting {
      isPrinting = false
      grantCredit()
    }
    if attempts.begin(now: now) { return .connect }
    // Sending comes first: it never blocks, as printing may, and a request's time is running.
    if isConnected {
      if let control = controls.popFirst() { return control }
      while let (slot, id) = toSend.popFirst() {
        if let effect = send(slot, id, now: now) { return effect }
      }
    }
    if let complaint = complaints.popFirst() { return .complain(complaint) }
    if let omission {
      self.omission = nil
      return .report(omission)
    }
    if let effect = print(now: now) { return effect }
    return hasGivenUpConnecting ? .giveUpConnecting : nil
  }

  /// What is to be printed next.
  private mutating func print(now: Instant) -> Effect? {
    if let slot = stream?.slot, !settings.isOrdered || order.first == slot {
      if let chunk = stream?.waiting.popFirst() {
        stream?.hasPrinted = true
        isPrinting = true
        return .printChunk(chunk)
      }
      guard entries[slot].isFinished else { return nil }
      stream = nil
    }
    guard let slot = order.first else { return nil }
    let effect: Effect
    switch entries[slot].state {
    case .queued, .waiting, .sent, .letGo, .refused, .gone: return nil
    case .done(let answer):
      answerBytes -= answer.body.count
      effect = .print(answer)
      if let failure = answer.omission {
        omission = entries[slot].request?.place.error(failure, sql: [])
      }
    case .failed(let error): effect = .report(error)
    }
    order.removeFirst()
    requestBytes -= entries[slot].request?.size ?? 0
    finished -= 1
    entries.remove(slot)
    passTurn(from: slot, now: now)
    return effect
  }

  /// A queued request, as it is sent; nil when it is not wanted any more.
  private mutating func send(_ slot: Int, _ id: UInt64, now: Instant) -> Effect? {
    guard entries[slot].id == id, case .queued = entries[slot].state,
      let request = entries[slot].request
    else { return nil }
    let deadline = entries[slot].deadline
    guard now < deadline else {
      expire(slot)
      return nil
    }
    entries[slot].state = .sent
    entries[slot].sends += 1
    entries[slot].missedAt = nil
    if entries[slot].sentAt == nil { entries[slot].sentAt = now }
    let left = min(deadline.millisecondsUp(since: now), ClientMessage.maxDeadlineMilliseconds)
    return .send(request, id: id, deadlineMilliseconds: left)
  }

  /// Sends a request behind those that are queued already.
  mutating func queue(_ slot: Int) {
    guard !isDraining else {
      entries[slot].state = .refused
      return
    }
    entries[slot].state = .queued
    toSend.append((slot, entries[slot].id))
  }

  mutating func complain(_ why: String) {
    complaints.append(why)
  }
}
