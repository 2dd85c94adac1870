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
    /// Print this body.
    case print(Part)
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
      case done(Part)
      case failed(ToolError)
    }

    var state: State
    let request: Request?
    /// When its time is over.
    let deadline: Instant
    var sends = 0
  }

  let settings: Settings
  /// The requests from number `first` up to `end`, without that one; a request's number is its id.
  ///
  /// Each is at its number modulo the window.
  private var entries: [Entry?]
  var first: UInt64 = 0
  var end: UInt64 = 0
  /// Numbers of queued requests in the order in which they are sent, from `toSendStart`; some may
  /// have been given up since.
  private var toSend: [UInt64] = []
  private var toSendStart = 0
  var complaints: [String] = []
  private var requestBytes = 0
  private var answerBytes = 0

  var isConnected = false
  /// Nil as soon as there was a connection.
  var connectBy: Instant?
  var hasGivenUpConnecting = false
  /// No request needs attention before this; it may also turn out that none does.
  var wake = Instant(microseconds: .max)

  package init(_ settings: Settings, now: Instant) {
    self.settings = settings
    entries = Array(repeating: nil, count: settings.window)
    connectBy = now.adding(milliseconds: Settings.connectMilliseconds)
  }

  /// Whether everything submitted has been printed or reported.
  package var isEmpty: Bool { first == end }

  /// Whether more may be submitted.
  package var hasRoom: Bool {
    end - first < UInt64(settings.window) && requestBytes < settings.maxRequestBytes
      && answerBytes < settings.maxAnswerBytes
  }

  /// Takes one more request, or what came of it, behind all others; there must be room.
  package mutating func submit(_ work: Work, now: Instant) {
    precondition(end - first < UInt64(settings.window), "the window is full")
    let number = end
    end += 1
    let deadline = now.adding(milliseconds: settings.timeoutMilliseconds)
    switch work {
    case .failure(let error):
      self[number] = Entry(state: .failed(error), request: nil, deadline: deadline)
    case .request(let request):
      requestBytes += request.size
      self[number] = Entry(state: .queued, request: request, deadline: deadline)
      toSend.append(number)
      wake = min(wake, deadline)
    }
  }

  /// What is to be done next, nil when there is nothing for now.
  package mutating func next(now: Instant) -> Effect? {
    if let complaint = complaints.popLast() { return .complain(complaint) }
    if let effect = popHead() { return effect }
    if hasGivenUpConnecting { return .giveUpConnecting }
    while isConnected, let number = popToSend() {
      if let frames = send(number, now: now) { return .send(frames) }
    }
    return popHead()
  }

  private mutating func popHead() -> Effect? {
    guard first < end, let entry = self[first] else { return nil }
    let effect: Effect
    switch entry.state {
    case .queued, .waiting, .sent: return nil
    case .done(let body):
      answerBytes -= body.count
      effect = .print(body)
    case .failed(let error): effect = .report(error)
    }
    requestBytes -= entry.request?.size ?? 0
    self[first] = nil
    first += 1
    return effect
  }

  private mutating func popToSend() -> UInt64? {
    guard toSendStart < toSend.count else {
      toSend.removeAll(keepingCapacity: true)
      toSendStart = 0
      return nil
    }
    defer { toSendStart += 1 }
    return toSend[toSendStart]
  }

  /// The frames of a queued request; nil when it is not wanted any more.
  private mutating func send(_ number: UInt64, now: Instant) -> [Part]? {
    guard case .queued = self[number]?.state, let request = self[number]?.request,
      let deadline = self[number]?.deadline
    else { return nil }
    guard now < deadline else {
      expire(number)
      return nil
    }
    self[number]?.state = .sent
    self[number]?.sends += 1
    let left = min(deadline.millisecondsUp(since: now), ClientMessage.maxDeadlineMilliseconds)
    return request.frames(id: number, deadlineMilliseconds: left)
  }

  /// Sends queued requests from now on in this order.
  mutating func setToSend(_ numbers: [UInt64]) {
    toSend = numbers
    toSendStart = 0
  }

  mutating func queueAgain(_ number: UInt64) {
    self[number]?.state = .queued
    toSend.append(number)
  }

  mutating func finish(_ number: UInt64, _ body: Part) {
    answerBytes += body.count
    self[number]?.state = .done(body)
  }

  /// A request, nil when it has been printed or was never there.
  subscript(number: UInt64) -> Entry? {
    get {
      guard first <= number && number < end else { return nil }
      return entries[Int(number % UInt64(settings.window))]
    }
    _modify {
      precondition(first <= number && number < end, "no such request")
      yield &entries[Int(number % UInt64(settings.window))]
    }
  }
}
