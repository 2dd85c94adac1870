internal import Toolkit
internal import Wire
internal import ZeroMQ

/// Sends a result chunk by chunk, and waits after each for the router's word to go on.
struct ChunkSender: ~Copyable {
  private let control: Control
  private let member: Member
  private let giver: Contact
  private let lifeline: Int32?
  private var poll = PollSet()
  /// Whether a chunk of the result was sent.
  private(set) var hasSent = false
  /// How long it was waited for somebody to want the next one.
  private(set) var waitedMicroseconds = 0 as Int64
  /// Whether the router has dismissed the worker meanwhile.
  private(set) var isDismissed = false
  /// What was wrong with the connection or the router's word.
  private(set) var failure: (any Error)?

  /// - Parameter giver: whoever has given the request.
  init(
    _ control: Control, _ member: Member, giver: Contact, lifeline: Int32?
  ) {
    self.control = control
    self.member = member
    self.giver = giver
    self.lifeline = lifeline
  }

  /// Returns whether somebody wants the next chunk.
  /// - Parameters:
  ///   - keepsWritersOut: whether nobody can write to the database meanwhile.
  ///   - answers: to other requests, which go with it.
  mutating func send(
    _ chunk: UnsafeRawBufferPointer, of attempt: Attempt, _ keepsWritersOut: Bool,
    with answers: [Part],
    on connection: borrowing MonitoredSocket
  ) -> Bool {
    hasSent = true
    // Nobody waits for what came with it any more.
    control.endBatch()
    do {
      let report = ChunkReport(
        member: member, attempt: attempt, keepsWritersOut: keepsWritersOut)
      guard
        case .sent = try connection.socket.send(
          [.bytes(report.line.encoded()), .raw(chunk)] + answers)
      else { throw ToolError("send a chunk", "the router takes nothing", .crashed) }
      let start = Clock.now()
      defer { waitedMicroseconds += Clock.now().microseconds(since: start) }
      return try waitForWord(on: connection)
    } catch {
      failure = error
      return false
    }
  }

  /// Waits for the reply, which comes as long as the router is there.
  private mutating func waitForWord(on connection: borrowing MonitoredSocket) throws -> Bool {
    var hasNews = false
    // What else the news is about concerns the loop.
    defer { if hasNews { control.news.ring() } }
    while true {
      poll.removeAll()
      poll.add(connection.socket)
      poll.add(descriptor: control.news.descriptor.number)
      poll.add(descriptor: lifeline ?? -1)
      poll.add(connection.monitor)
      try poll.wait(milliseconds: nil)
      // The router has given up what came through a connection that has ended, which the loop sees too.
      if poll.isReady(3) { return false }
      if let message = try connection.socket.receive() {
        switch WorkerCommand(try LineView(parsing: message[0])) {
        case .go: return true
        case .stop: return false
        case .bye:
          isDismissed = true
          return false
        default: throw ToolError("send a chunk", "the router replies neither GO nor STOP", .crashed)
        }
      }
      if poll.isReady(1) {
        control.news.answer()
        hasNews = true
        // Another one knows nothing of it.
        if control.contact != giver { return false }
      }
      // Without a supervisor there is nobody to work for.
      if poll.isReady(2) { return false }
    }
  }
}
