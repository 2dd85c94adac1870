package import Wire
package import ZeroMQ

/// A client's socket to a router, and the news of its connection.
///
/// When the connection is lost, a new link takes its place: then nothing that waits in the old one
/// can reach the next router, and nothing is sent twice.
package struct Link: ~Copyable {
  /// In milliseconds; a router that was restarted is found again at once.
  private static let reconnectInterval: Int32 = 10
  private static let reconnectIntervalMax: Int32 = 50
  /// How many requests are sent together: so the router can begin while the next ones are written.
  private static let maxPacked = 128
  /// What one of them has at most, in bytes, with what its netstrings add.
  private static let maxPackedSize = Packed.largeSize + 64

  package let connection: MonitoredSocket
  private let endpoint: String
  /// Whether the router is in this process: then there is no connection that could be reported, and none
  /// that could be lost.
  package let isInProcess: Bool
  /// Requests that are sent together.
  private var packed = ByteBuffer()
  private var packedCount = 0

  /// - Parameter name: unique in the process.
  package init(to endpoint: String, name: String, in context: Context) throws(ToolError) {
    isInProcess = Endpoint.isInProcess(endpoint)
    if !isInProcess { try Endpoint.checkConnect(endpoint) }
    let connection = try ToolError.wrapping { () throws(ZMQError) in
      let connection = try MonitoredSocket(
        .dealer, [.handshakeSucceeded, .disconnected], name: name, in: context)
      try connection.socket.noticeLostHosts()
      try connection.socket.set(.reconnectInterval, Self.reconnectInterval)
      try connection.socket.set(.reconnectIntervalMax, Self.reconnectIntervalMax)
      // The session bounds how much is in flight; no message of it may be refused.
      try connection.socket.set(.sendHighWaterMark, 0)
      try connection.socket.set(.receiveHighWaterMark, 0)
      return connection
    }
    self.connection = connection
    self.endpoint = endpoint
  }

  /// Begins to connect, once; nothing is sent before.
  package func connect() throws(ToolError) {
    // What can still be wrong is the endpoint: a host's form, or the length of a path.
    try ToolError.wrapping(.usage) { () throws(ZMQError) in
      try connection.socket.connect(endpoint)
    }
  }

  /// Whether what has so many bytes in all travels in one message with others.
  package static func takesPacked(_ size: Int) -> Bool { size < Packed.largeSize }

  /// Sends a request's line, SQL and parameters, at the latest when `flush` is called.
  package mutating func send(
    _ line: Line, _ sql: Part = .delimiter, _ parameters: Part = .delimiter
  ) throws(ToolError) {
    guard Self.takesPacked(line.content.count + sql.count + parameters.count) else {
      try flush()
      guard try begin() else { return }
      let isAlone = sql.count == 0 && parameters.count == 0
      try add(line, isLast: isAlone)
      if !isAlone { try add(sql, isLast: parameters.count == 0) }
      if parameters.count > 0 { try add(parameters, isLast: true) }
      return
    }
    packed.append(netstring: line)
    packed.append(netstring: sql)
    packed.append(netstring: parameters)
    packedCount += 1
    if packedCount >= Self.maxPacked || packed.count >= Packed.maxSize - Self.maxPackedSize {
      try flush()
    }
  }

  /// Sends what was not sent yet.
  package mutating func flush() throws(ToolError) {
    guard packedCount > 0 else { return }
    defer {
      packed.removeAll()
      packedCount = 0
    }
    guard try begin() else { return }
    try add(Packed.line, isLast: false)
    try add(.raw(packed.bytes), isLast: true)
  }

  /// Sends the empty frame. There is room for all that the session sends: it is refused only once libzmq
  /// has given the connection up, because what is there is another kind of socket. Then nobody answers,
  /// and who waits notices that.
  ///
  /// - Returns: whether the message may go on.
  private func begin() throws(ToolError) -> Bool {
    try ToolError.wrapping { () throws(ZMQError) in
      try connection.socket.begin(UnsafeRawBufferPointer(start: nil, count: 0)) == .sent
    }
  }

  private func add(_ line: Line, isLast: Bool) throws(ToolError) {
    defer { withExtendedLifetime(line) {} }
    try add(.raw(line.content), isLast: isLast)
  }

  private func add(_ frame: Part, isLast: Bool) throws(ToolError) {
    try ToolError.wrapping { () throws(ZMQError) in
      try connection.socket.add(frame, isLast: isLast)
    }
  }

  package func receive() throws(ToolError) -> Multipart? {
    try ToolError.wrapping { () throws(ZMQError) in
      let message = try connection.socket.receive()
      // What is kept here until its turn to be printed must not keep the router from sending that whose turn
      // it is.
      if isInProcess { try message?.detach() }
      return message
    }
  }

  /// What has become of the connection, nil when there is no news.
  package func news() throws(ToolError) -> MonitoredSocket.Event? {
    try ToolError.wrapping { () throws(ZMQError) in try connection.nextReport()?.event }
  }
}
