internal import Client
internal import Toolkit
internal import Wire
internal import ZeroMQ

/// One socket to a router, and the news of its connection.
///
/// When the connection is lost, a new link takes its place: then nothing that waits in the old one
/// can reach the next router, and nothing is sent twice.
struct Link: ~Copyable {
  /// In milliseconds; a router that was restarted is found again at once.
  private static let reconnectInterval: Int32 = 10
  private static let reconnectIntervalMax: Int32 = 50

  let connection: MonitoredSocket
  /// The line of the request that is sent.
  private var line: [UInt8] = []

  /// Begins to connect; the number is that of the link in this process.
  init(to endpoint: String, number: Int, in context: Context) throws(ToolError) {
    let connection = try ToolError.wrapping { () throws(ZMQError) in
      let connection = try MonitoredSocket(
        .dealer, [.handshakeSucceeded, .disconnected], name: "link-\(number)", in: context)
      try connection.socket.set(.reconnectInterval, Self.reconnectInterval)
      try connection.socket.set(.reconnectIntervalMax, Self.reconnectIntervalMax)
      // The session bounds how much is in flight; no message of it may be refused.
      try connection.socket.set(.sendHighWaterMark, 0)
      try connection.socket.set(.receiveHighWaterMark, 0)
      return connection
    }
    // What is wrong here is the endpoint: its form, or the length of its path.
    try ToolError.wrapping(.usage) { () throws(ZMQError) in
      try connection.socket.connect(endpoint)
    }
    self.connection = connection
  }

  /// Sends a request; its last frames are there only if there is something in them.
  mutating func send(_ request: Request, id: UInt64, deadlineMilliseconds: Int) throws(ToolError) {
    line.removeAll(keepingCapacity: true)
    request.appendLine(id: id, deadlineMilliseconds: deadlineMilliseconds, to: &line)
    let hasParameters = !request.parameters.isEmpty
    try begin()
    try add(line, isLast: request.sql.isEmpty)
    if !request.sql.isEmpty { try add(request.sql, isLast: !hasParameters) }
    if hasParameters { try add(request.parameters, isLast: true) }
  }

  func send(_ message: ClientMessage) throws(ToolError) {
    try begin()
    try add(message.line.encoded(), isLast: true)
  }

  /// Sends the empty frame. It is never refused, as there is room for all that the session sends.
  private func begin() throws(ToolError) {
    _ = try ToolError.wrapping { () throws(ZMQError) in
      try connection.socket.begin(UnsafeRawBufferPointer(start: nil, count: 0))
    }
  }

  private func add(_ frame: [UInt8], isLast: Bool) throws(ToolError) {
    try ToolError.wrapping { () throws(ZMQError) in
      try connection.socket.add(frame, isLast: isLast)
    }
  }

  func receive() throws(ToolError) -> Multipart? {
    try ToolError.wrapping { () throws(ZMQError) in try connection.socket.receive() }
  }

  /// What has become of the connection, nil when there is no news.
  func news() throws(ToolError) -> MonitoredSocket.Event? {
    try ToolError.wrapping { () throws(ZMQError) in try connection.nextReport()?.event }
  }
}
