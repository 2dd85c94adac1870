private import DequeModule
package import Toolkit
package import Wire
package import ZeroMQ

/// The client's side of a conversation with a router: which request is sent when, and how often;
/// which answer is printed, always in the order of the requests.
///
/// It has no socket and reads no clock. Whoever owns those tells it what happens and then does
/// what `next` says until that says nothing more.
package struct Session {
  package enum Effect {
    /// Send these frames.
    case send([Part])
    /// Print the body of this answer.
    case print(Answer)
    /// Say that a request failed.
    case report(ToolError)
    /// Say that the router sent something that belongs to no request.
    case complain(String)
    /// End: no router has answered at the start.
    case giveUpConnecting
  }

  struct Entry {
    enum State {
      /// Is to be sent: its number is in `toSend`.
      case queued
      /// Was refused for the moment, is queued again then.
      case waiting(until: Instant, last: Failure)
      case sent
      case done(Answer)
      case failed(ToolError)
    }

    var state: State
    let request: Request?
    /// When its time is over.
    let deadline: Instant
    var sends = 0
  }

  package let settings: Settings
  /// The requests that have not been printed; a request's number is its id.
  private var entries: Deque<Entry> = []
  /// The number of the first of them.
  private var first: UInt64 = 0
  /// Numbers of queued requests in the order in which they are sent; some may have been given up
  /// since.
  private var toSend: Deque<UInt64> = []
  private var complaints: Deque<String> = []
  private var requestBytes = 0
  private var answerBytes = 0

  var isConnected = false
  /// Nil while there is a connection.
  var connectBy: Instant?
  var hasGivenUpConnecting = false
  /// No request needs attention before this; it may also turn out that none does.
  var wake = Instant(microseconds: .max)

  package init(_ settings: Settings, now: Instant) {
    self.settings = settings
    connectBy = now.adding(milliseconds: Settings.connectMilliseconds)
  }

  /// Whether everything submitted has been printed or reported.
  package var isEmpty: Bool { entries.isEmpty }

  /// Whether more may be submitted.
  package var hasRoom: Bool {
    entries.count < settings.window && requestBytes < settings.maxRequestBytes
      && answerBytes < settings.maxAnswerBytes
  }

  /// Takes one more request, or what came of it, behind all others; there must be room.
  package mutating func submit(_ work: Work, now: Instant) {
    switch work {
    case .failure(let error):
      entries.append(Entry(state: .failed(error), request: nil, deadline: now))
    case .request(let request):
      let deadline = now.adding(
        milliseconds: request.timeoutMilliseconds ?? settings.timeoutMilliseconds)
      requestBytes += request.size
      toSend.append(numbers.upperBound)
      entries.append(Entry(state: .queued, request: request, deadline: deadline))
      wake = min(wake, deadline)
    }
  }

  /// What is to be done next, nil when there is nothing for now.
  package mutating func next(now: Instant) -> Effect? {
    // Sending comes first: it never blocks, as printing may, and a request's time is running.
    while isConnected, let number = toSend.popFirst() {
      if let frames = send(number, now: now) { return .send(frames) }
    }
    if let complaint = complaints.popFirst() { return .complain(complaint) }
    if let effect = popHead() { return effect }
    return hasGivenUpConnecting ? .giveUpConnecting : nil
  }

  private mutating func popHead() -> Effect? {
    guard let entry = entries.first else { return nil }
    let effect: Effect
    switch entry.state {
    case .queued, .waiting, .sent: return nil
    case .done(let answer):
      answerBytes -= answer.body.count
      effect = .print(answer)
    case .failed(let error): effect = .report(error)
    }
    requestBytes -= entry.request?.size ?? 0
    entries.removeFirst()
    first += 1
    return effect
  }

  /// The frames of a queued request; nil when it is not wanted any more.
  private mutating func send(_ number: UInt64, now: Instant) -> [Part]? {
    guard numbers.contains(number), case .queued = self[number].state,
      let request = self[number].request
    else { return nil }
    let deadline = self[number].deadline
    guard now < deadline else {
      expire(number)
      return nil
    }
    self[number].state = .sent
    self[number].sends += 1
    let left = min(deadline.millisecondsUp(since: now), ClientMessage.maxDeadlineMilliseconds)
    return request.frames(id: number, deadlineMilliseconds: left)
  }

  /// Sends queued requests from now on in this order.
  mutating func setToSend(_ numbers: [UInt64]) {
    toSend = Deque(numbers)
  }

  mutating func queueAgain(_ number: UInt64) {
    self[number].state = .queued
    toSend.append(number)
  }

  mutating func finish(_ number: UInt64, _ answer: Answer) {
    answerBytes += answer.body.count
    self[number].state = .done(answer)
  }

  mutating func complain(_ why: String) {
    complaints.append(why)
  }

  /// The numbers of the requests that have not been printed.
  var numbers: Range<UInt64> { first..<first + UInt64(entries.count) }

  /// One of these requests.
  subscript(number: UInt64) -> Entry {
    get { entries[Int(number - first)] }
    _modify { yield &entries[Int(number - first)] }
  }
}
