internal import Toolkit
internal import ZeroMQ

/// One socket to a router, and the news of its connection.
///
/// When the connection is lost, a new link takes its place: then nothing that waits in the old one
/// can reach the next router, and nothing is sent twice.
struct Link: ~Copyable {
  /// In milliseconds; a router that was restarted is found again at once.
  private static let reconnectInterval: Int32 = 10
  private static let reconnectIntervalMax: Int32 = 50

  let socket: Socket
  let monitor: Monitor

  /// Begins to connect; the number is that of the link in this process.
  init(to endpoint: String, number: Int, in context: Context) throws(ToolError) {
    let socket = try ToolError.wrapping { () throws(ZMQError) in
      let socket = try Socket(.dealer, in: context)
      try socket.set(.reconnectInterval, Self.reconnectInterval)
      try socket.set(.reconnectIntervalMax, Self.reconnectIntervalMax)
      // The session bounds how much is in flight; no message of it may be refused.
      try socket.set(.sendHighWaterMark, 0)
      try socket.set(.receiveHighWaterMark, 0)
      return socket
    }
    let monitor = try ToolError.wrapping { () throws(ZMQError) in
      try Monitor(
        socket, [.handshakeSucceeded, .disconnected], name: "link-\(number)", in: context)
    }
    // What is wrong here is the endpoint: its form, or the length of its path.
    try ToolError.wrapping(.usage) { () throws(ZMQError) in try socket.connect(endpoint) }
    self.socket = socket
    self.monitor = monitor
  }

  func send(_ parts: [Part]) throws(ToolError) {
    // A message that is refused was lost with the connection, and the monitor will say so.
    _ = try ToolError.wrapping { () throws(ZMQError) in try socket.send(parts) }
  }

  func receive() throws(ToolError) -> Multipart? {
    try ToolError.wrapping { () throws(ZMQError) in try socket.receive() }
  }

  /// What has become of the connection, nil when there is no news.
  func news() throws(ToolError) -> Monitor.Event? {
    try ToolError.wrapping { () throws(ZMQError) in try monitor.next() }
  }
}
