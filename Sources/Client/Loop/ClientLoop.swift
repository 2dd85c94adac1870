package import Toolkit
internal import Wire
package import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// The loop that moves bytes between the input, the router and the output, as a session says.
package struct ClientLoop: ~Copyable {
  /// In bytes; what is laid out as a table takes several times as much.
  private static let maxTableBytes = 64 << 20

  private let endpoint: String
  private let context: Context
  private var link: Link
  private var links = 1
  private var session: Session
  private var source: Source
  private var printer: Printer
  private var progress: Progress
  private var requests = SeriesWriter()
  private var polls = PollSet()
  private var lines = AnswerLines()
  private let start: Instant
  private let printsStatistics: Bool
  private let optionBehindSQL: String?
  private let draining: Int32?
  /// That of the first failure in the order in which they are told.
  private var status = ExitStatus.success

  /// - Parameter draining: a descriptor that becomes, and stays, readable when the router is about to end.
  package init(
    _ invocation: Invocation, to endpoint: String, in context: Context, draining: Int32? = nil
  ) throws(ToolError) {
    let format = invocation.format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .json)
    var settings = invocation.settings
    settings.maxWholeBytes = format == .table ? Self.maxTableBytes : nil
    let link = try Link(to: endpoint, name: "link-0", in: context)
    try link.connect()
    self.context = context
    self.link = link
    start = Clock.now()
    session = Session(settings, now: start)
    if self.link.isInProcess { session.connected() }
    progress = Progress(format.wire, now: start)
    self.endpoint = endpoint
    source = Source(invocation, format.wire)
    printer = Printer(tables: format == .table, marksEnds: invocation.watches)
    printsStatistics = invocation.printsStatistics
    optionBehindSQL = invocation.optionBehindSQL
    self.draining = draining
  }

  /// Runs until everything has been answered and printed, and returns what has become of it. Fails when no
  /// more is answered.
  package mutating func run() throws(ToolError) -> ExitStatus {
    while true {
      try act()
      if source.isEmpty && session.isEmpty { break }
      if session.isDrained {
        throw try giveUp("run queries", "told to end before all were answered", .tryAgain)
      }
      try wait()
      try listen()
      let now = Clock.now()
      session.tick(now: now)
      progress.show(session.statistics, now: now)
    }
    try printer.flush()
    progress.clear()
    try printStatistics()
    return status
  }

  /// Cancels what has not been answered, when nothing can be printed any more.
  package mutating func takeBack() throws(ToolError) {
    for id in session.unanswered { try link.send(ClientMessage.cancel(id: String(id)).line) }
    try link.flush()
  }

  private func printStatistics() throws(ToolError) {
    guard printsStatistics else { return }
    let line = session.statistics.line(microseconds: Clock.now().microseconds(since: start))
    try Output.write(line.encoded() + [0x0a], to: STDERR_FILENO)
  }

  /// Does what can be done without waiting.
  private mutating func act() throws(ToolError) {
    var hasActed: Bool
    repeat {
      hasActed = false
      // Printing may have taken long since the last turn.
      let now = Clock.now()
      while !session.isDraining, session.hasRoom, let work = source.next() {
        session.submit(work, now: now)
        hasActed = true
      }
      while let effect = session.next(now: now) {
        if let effects = source.filter(effect) {
          for effect in effects { try perform(effect) }
        } else {
          try perform(effect)
        }
        hasActed = true
      }
    } while hasActed
    try flush()
  }

  /// Sends what was not sent yet.
  private mutating func flush() throws(ToolError) {
    try requests.flush(to: &link)
    try link.flush()
  }

  private mutating func perform(_ effect: Session.Effect) throws(ToolError) {
    progress.take(effect)
    // What is to be sent does not wait for what may block.
    if !effect.isSent { try flush() }
    switch effect {
    case .send(let request, let id, let milliseconds):
      try requests.send(request, id: id, deadlineMilliseconds: milliseconds, to: &link)
    case .credit(let id, let chunks):
      try flush()
      try link.send(ClientMessage.credit(id: String(id), chunks: chunks).line)
    case .cancel(let id):
      try flush()
      try link.send(ClientMessage.cancel(id: String(id)).line)
    case .printChunk(let chunk): try printer.print(chunk: chunk)
    case .print(let answer): try printer.print(answer.body)
    case .report(let error):
      try printer.breakOff()
      progress.clear()
      Diagnostics.report(error)
      if let optionBehindSQL, error.status == .badQuery {
        Diagnostics.report(
          "'\(optionBehindSQL)' behind the SQL is a value; options stand before it")
      }
      if status == .success { status = error.status }
    case .complain(let why):
      progress.clear()
      Diagnostics.report("answer from \(endpoint)", why)
    case .connect: try link.connect()
    case .giveUpConnecting:
      throw try giveUp("connect to \(endpoint)", "no router answers there", .unavailable)
    }
  }

  /// The error that ends all, once what can be printed is.
  private mutating func giveUp(
    _ what: String, _ why: String, _ status: ExitStatus
  ) throws(ToolError) -> ToolError {
    try printer.flush()
    progress.clear()
    let place = session.giveUp() ?? source.nextPlace()
    try printStatistics()
    let resume =
      place?.line.map { "; the first result that is not printed is that of line \($0)" } ?? ""
    return ToolError(what, why + resume, status)
  }

  /// Waits until something happens; what was printed is not kept back meanwhile.
  private mutating func wait() throws(ToolError) {
    if printer.isPending {
      try poll(milliseconds: 0)
      if polls.isAnythingReady { return }
      try printer.flush()
    }
    let due = [session.nextTick, progress.due].compactMap(\.self).min()
    let now = Clock.now()
    try poll(milliseconds: due.map { $0.millisecondsUp(since: now) })
  }

  private mutating func poll(milliseconds: Int?) throws(ToolError) {
    polls.removeAll()
    polls.add(link.connection.monitor)
    polls.add(link.connection.socket)
    // Somebody has to be there to read what will be printed.
    polls.add(descriptor: session.isEmpty ? -1 : STDOUT_FILENO, [])
    let reads = !session.isDraining && session.hasRoom && source.wantsToRead
    polls.add(descriptor: reads ? STDIN_FILENO : -1)
    polls.add(descriptor: session.isDraining ? -1 : draining ?? -1)
    do throws(ZMQError) {
      try polls.wait(milliseconds: milliseconds)
    } catch {
      throw ToolError(error)
    }
  }

  /// Takes in what has come.
  private mutating func listen() throws(ToolError) {
    if polls.isReady(2) { try Output.endUnread() }
    if polls.isReady(3) { source.read() }
    if polls.isReady(4) { session.drain() }
    var isLost = false
    while let news = try link.news() {
      if news.contains(.handshakeSucceeded) { session.connected() }
      if news.contains(.disconnected) { isLost = true }
    }
    let now = Clock.now()
    while let message = try link.receive() {
      var answers = AnswerReader(message)
      while let answer = answers.next(&lines) {
        if draining != nil, !session.isDraining, answer.saysDraining {
          // It came after the news, which so has come as well.
          try poll(milliseconds: 0)
          if polls.isReady(4) { session.drain() }
        }
        session.receive(answer, now: now)
      }
    }
    guard isLost else { return }
    session.disconnected(now: now)
    link = try Link(to: endpoint, name: "link-\(links)", in: context)
    links += 1
  }
}

extension Answer {
  fileprivate var saysDraining: Bool {
    if case .failure(let failure) = outcome { failure.code == .draining } else { false }
  }
}
