package import Wire
package import ZeroMQ

/// Publishes events, and the whole state to each new subscriber and every second.
package struct Publisher: ~Copyable {
  package static let stateIntervalMilliseconds = 1000

  /// For the poll set: readable when somebody subscribes.
  package let socket: Socket
  package let identity: PublisherIdentity
  private var sequence: Int64 = 0
  private var stateIsDue = Instant.start

  /// Binds the name's socket in the run directory.
  package init(
    _ claim: NameClaim, in directory: RunDirectory, context: Context
  ) throws(ToolError) {
    let identity = PublisherIdentity(name: claim.name.text, incarnation: try claim.next())
    let socket = try ToolError.wrapping(.cannotCreate) { () throws(ZMQError) in
      let socket = try Socket(.publish, in: context)
      // Each new subscriber is to be seen, also the second one with the same subscription.
      try socket.set(.xpubVerbose, 1)
      try socket.bind(directory.events(of: claim.name))
      return socket
    }
    self.identity = identity
    self.socket = socket
  }

  /// When `serve` has something to do without anyone subscribing.
  package var nextDue: Instant { stateIsDue }

  /// Publishes an event. One that cannot be sent is lost, as with every publisher.
  package mutating func publish(_ event: Line) throws(ToolError) {
    sequence += 1
    try send(Publication(publisher: identity, sequence: sequence, line: event))
  }

  /// Publishes the state if somebody has subscribed, or a second has passed.
  package mutating func serve(
    now: Instant, state: () -> (line: Line, members: [Line])
  ) throws(ToolError) {
    let hasNewSubscriber = try ToolError.wrapping { () throws(ZMQError) in
      var hasNewSubscriber = false
      while let message = try socket.receive() {
        if message[0].first == 1 { hasNewSubscriber = true }
      }
      return hasNewSubscriber
    }
    guard hasNewSubscriber || now >= stateIsDue else { return }
    stateIsDue = now.adding(milliseconds: Self.stateIntervalMilliseconds)
    let (line, members) = state()
    try send(
      Publication(publisher: identity, sequence: sequence, line: line, members: members))
  }

  private func send(_ publication: Publication) throws(ToolError) {
    let header = publication.header(time: Clock.timestamp())
    let frames = [header] + publication.members
    _ = try ToolError.wrapping { () throws(ZMQError) in
      try socket.send(frames.map { .bytes($0.encoded()) })
    }
  }
}
