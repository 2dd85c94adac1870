package import Wire
package import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// Publishes events, and the whole state to each new subscriber and every second.
package struct Publisher: ~Copyable {
  package static let stateIntervalMilliseconds = 1000
  /// How long the first events wait for a subscriber, which sees the name's socket appear and needs
  /// a moment to connect. Without this nobody would hear how a publisher begins.
  package static let settleMilliseconds = 100
  /// How long they wait for other subscribers after the first; likewise the state after another one,
  /// so that nobody can have it sent without end.
  package static let gatherMilliseconds = 20
  /// How long it has to leave what was published last.
  private static let lingerMilliseconds: Int32 = 500
  /// The largest subscription in bytes, with all that a subscriber says of itself.
  private static let maxSubscription: Int64 = 1024
  /// So many subscriptions are looked at before the rest of the process has its turn.
  private static let turn = 1000

  /// For the poll set: readable when somebody subscribes.
  package let socket: Socket
  package let identity: PublisherIdentity
  /// The socket's file, if it has one.
  private let path: String?
  private var sequence: Int64 = 0
  private var stateIsDue: Instant
  /// When the state may be sent again.
  private var stateMayCome = Instant.start
  /// The first events, with the time at which each happened, until they are due.
  private var held: [(publication: Publication, time: String)] = []
  private var holdsUntil: Instant

  /// Binds the name's socket in the run directory.
  /// - Parameter others: endpoints that it is bound to besides.
  package init(
    _ claim: NameClaim, in directory: RunDirectory, and others: [String] = [], context: Context
  ) throws(ToolError) {
    try self.init(
      PublisherIdentity(name: claim.name.text, incarnation: try claim.next()),
      boundTo: [directory.events(of: claim.name)] + others,
      path: "\(directory.events)/\(claim.name.text)", context: context)
  }

  /// - Parameter path: the file of an endpoint, if one has that.
  package init(
    _ identity: PublisherIdentity, boundTo endpoints: [String], path: String? = nil,
    context: Context
  ) throws(ToolError) {
    let socket = try ToolError.wrapping(.cannotCreate) { () throws(ZMQError) in
      let socket = try Socket(.publish, in: context)
      // Each new subscriber is to be seen, also the second one with the same subscription.
      try socket.set(.xpubVerbose, 1)
      try socket.setMaxFrameSize(Self.maxSubscription)
      try socket.set(.handshakeInterval, Limits.handshakeMilliseconds)
      try socket.set(.backlog, Limits.backlog)
      try socket.noticeLostHosts()
      for endpoint in endpoints { try socket.bind(endpoint) }
      return socket
    }
    self.identity = identity
    self.path = path
    self.socket = socket
    holdsUntil = Clock.now().adding(milliseconds: Self.settleMilliseconds)
    stateIsDue = holdsUntil
  }

  /// Ends the publishing, and gives what was published the time to leave the process: the context's
  /// end, which this should be followed by, waits for that no longer than this. The name must still
  /// be claimed.
  package consuming func close() throws(ToolError) {
    // Whoever publishes for a shorter time than subscribers need to connect waits for those.
    while !held.isEmpty {
      let milliseconds = holdsUntil.millisecondsUp(since: Clock.now())
      if milliseconds == 0 { try release() } else { try admitSubscribers(milliseconds) }
    }
    try ToolError.wrapping { () throws(ZMQError) in
      try socket.set(.linger, Self.lingerMilliseconds)
    }
    // libzmq leaves it behind, and subscribers would try to connect to it for ever.
    if let path { unlink(path) }
  }

  /// Whether events are held back, for `serve` to send.
  package var isHolding: Bool { !held.isEmpty }

  /// When `serve` has something to do without anyone subscribing.
  package var nextDue: Instant { stateIsDue }

  /// Publishes an event. One that cannot be sent is lost, as with every publisher.
  package mutating func publish(_ event: Line) throws(ToolError) {
    sequence += 1
    let publication = Publication(publisher: identity, sequence: sequence, line: event)
    let time = Clock.timestamp()
    if Clock.now() < holdsUntil { return held.append((publication, time)) }
    try release()
    try send(publication, time)
  }

  private mutating func admitSubscribers(_ milliseconds: Int) throws(ToolError) {
    try ToolError.wrapping { () throws(ZMQError) in
      var poll = PollSet()
      poll.add(socket)
      try poll.wait(milliseconds: milliseconds)
    }
    if try hasNewSubscriber() { welcome(now: Clock.now()) }
  }

  /// Somebody has subscribed, who is to hear the first events and the state.
  private mutating func welcome(now: Instant) {
    holdsUntil = min(holdsUntil, now.adding(milliseconds: Self.gatherMilliseconds))
    stateIsDue = min(stateIsDue, max(holdsUntil, stateMayCome))
  }

  private func hasNewSubscriber() throws(ToolError) -> Bool {
    try ToolError.wrapping { () throws(ZMQError) in
      var hasNewSubscriber = false
      for _ in 0..<Self.turn {
        guard let message = try socket.receive() else { break }
        if message[0].first == 1 { hasNewSubscriber = true }
      }
      return hasNewSubscriber
    }
  }

  /// Sends the events that were held back.
  private mutating func release() throws(ToolError) {
    for (publication, time) in held { try send(publication, time) }
    held = []
  }

  /// Publishes the state when it is due: somebody has subscribed, or a second has passed.
  package mutating func serve(
    now: Instant, state: () -> (line: Line, members: [Line])
  ) throws(ToolError) {
    if try hasNewSubscriber() { welcome(now: now) }
    // Nor does a state overtake events that it has counted.
    if now < holdsUntil { return }
    try release()
    guard now >= stateIsDue else { return }
    stateIsDue = now.adding(milliseconds: Self.stateIntervalMilliseconds)
    stateMayCome = now.adding(milliseconds: Self.gatherMilliseconds)
    let (line, members) = state()
    try send(
      Publication(publisher: identity, sequence: sequence, line: line, members: members),
      Clock.timestamp())
  }

  private func send(_ publication: Publication, _ time: String) throws(ToolError) {
    let header = publication.header(time: time)
    let frames = [header] + publication.members
    _ = try ToolError.wrapping { () throws(ZMQError) in
      // A subscriber that gets a longer frame than it accepts never hears this publisher again.
      try socket.send(frames.map { .bytes($0.abridged().encoded()) })
    }
  }
}
