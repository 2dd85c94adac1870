internal import Broker
internal import CLinux
internal import Toolkit
internal import Wire
internal import ZeroMQ

/// The connection to another broker, whose ordinary client this one is.
final class PeerLink {
  private let endpoint: String
  private let number: Int
  private let context: Context
  private var link: Link
  /// How many connections there were.
  private var count = 1
  /// That of the connection on which the last message came.
  private var descriptor: Int32?

  /// Begins to connect.
  init(_ endpoint: String, number: Int, in context: Context) throws(ToolError) {
    self.endpoint = endpoint
    self.number = number
    self.context = context
    link = try Link(to: endpoint, name: "peer-\(number)-0", in: context)
    try link.connect()
  }

  /// Gives the connection up, with all that is on its way, and begins another one.
  func reconnect() throws(ToolError) {
    link = try Link(to: endpoint, name: "peer-\(number)-\(count)", in: context)
    try link.connect()
    count += 1
    descriptor = nil
  }

  func hand(_ handovers: [Handover]) throws(ToolError) {
    for handover in handovers {
      let request = ClientRequest.of(handover.request)
      try link.send(
        ClientMessage.query(handover.query).line, request.sql.map(Part.frame) ?? .delimiter,
        request.parameters.map(Part.frame) ?? .delimiter)
    }
    try link.flush()
  }

  func tell(_ message: ClientMessage) throws(ToolError) {
    try link.send(message.line)
    try link.flush()
  }

  func addSockets(to poll: inout PollSet) {
    poll.add(link.connection.socket)
    poll.add(link.connection.monitor)
  }

  func receive() throws(ToolError) -> PeerReply? {
    guard let message = try link.receive() else { return nil }
    descriptor = message.descriptor ?? descriptor
    return PeerReply(message)
  }

  /// When the last bytes came, also of a message that is not whole yet; nil where the kernel does not tell,
  /// as it does of tcp.
  func lastReceived(_ now: Instant) -> Instant? {
    guard let descriptor else { return nil }
    let milliseconds = clinux_received_before(descriptor)
    return milliseconds < 0 ? nil : now.adding(milliseconds: -Int(milliseconds))
  }

  /// Whether the connection has ended since the last call.
  func isLost() throws(ToolError) -> Bool {
    var isLost = false
    while let news = try link.news() {
      if news.contains(.disconnected) { isLost = true }
    }
    return isLost
  }
}
