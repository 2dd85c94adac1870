internal import Toolkit
internal import Wire
internal import ZeroMQ

/// Tells the router what is not an answer, through a connection beside that for requests: which
/// databases have changed, and which run others must not wait for.
///
/// A database is told of at most once in each interval. What happens meanwhile stays in the kernel,
/// which does not count it twice, and so a busy writer costs no more than a slow one.
struct WorkerNotes: ~Copyable {
  private static let intervalMilliseconds = 20

  private let files: FileWatch
  private let member: Member
  private let endpoint: String
  private let context: Context
  /// The incarnation that is connected to. Another one gets another socket, so that it hears
  /// nothing that was meant for the one before.
  private var router: PublisherIdentity?
  private var socket: Socket?
  /// What the router has not been told yet.
  private var untold: Set<String> = []
  private var nextLook = Instant.start

  init(_ files: FileWatch, _ member: Member, router endpoint: String, context: Context) {
    self.files = files
    self.member = member
    self.endpoint = endpoint
    self.context = context
  }

  /// What to poll for reading; nil as long as there is nothing to be done about it.
  func descriptor(now: Instant) -> Int32? { now < nextLook ? nil : files.descriptor.number }

  /// When to look without being woken.
  func due(now: Instant) -> Instant? { now < nextLook ? nextLook : nil }

  /// Looks what has changed, and tells it.
  /// - Parameter tellRunner: called first, with what has changed since the last look.
  mutating func serve(
    _ router: PublisherIdentity?, now: Instant, tellRunner: (Set<String>) -> Void
  ) throws(ToolError) {
    guard now >= nextLook else { return }
    let changed = files.look()
    if !changed.isEmpty { tellRunner(changed) }
    untold.formUnion(changed)
    guard !untold.isEmpty, let router else { return }
    nextLook = now.adding(milliseconds: Self.intervalMilliseconds)
    try ToolError.wrapping { () throws(ZMQError) in
      try connect(to: router)
      try tell()
    }
  }

  /// Tells the router that gave it that a run takes long, if it can be told at once.
  mutating func tell(overrun assignment: Assignment) throws(ToolError) {
    try ToolError.wrapping { () throws(ZMQError) in
      try connect(to: assignment.router)
      let note = OverrunNote(member: member, attempt: assignment.attempt)
      _ = try socket?.send([.delimiter, .bytes(note.line.encoded())])
    }
  }

  private mutating func connect(to router: PublisherIdentity) throws(ZMQError) {
    guard self.router != router else { return }
    let socket = try Socket(.dealer, in: context)
    try socket.set(.reconnectInterval, 10)
    try socket.set(.reconnectIntervalMax, 500)
    try socket.noticeLostHosts()
    try socket.connect(endpoint)
    self.socket = consume socket
    self.router = router
  }

  private mutating func tell() throws(ZMQError) {
    for database in untold {
      let note = ChangeNote(member: member, database: database)
      // A router that does not read just now is told later, once for all that came meanwhile.
      guard case .sent? = try socket?.send([.delimiter, .bytes(note.line.encoded())]) else {
        return
      }
      untold.remove(database)
    }
  }
}
