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
  /// How many requests are sent together: so the router can begin while the next ones are written.
  private static let maxPacked = 64
  /// What one of them has at most, in bytes, with what its netstrings add.
  private static let maxPackedSize = Packed.largeSize + 64

  let connection: MonitoredSocket
  /// Whether the router is in this process: then there is no connection that could be reported, and none
  /// that could be lost.
  let isInProcess: Bool
  /// Requests that are sent together.
  private var packed = ByteBuffer()
  private var packedCount = 0

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
    isInProcess = endpoint.hasPrefix("inproc:")
  }

  /// Sends a request, at the latest when `flush` is called.
  mutating func send(_ request: Request, id: UInt64, deadlineMilliseconds: Int) throws(ToolError) {
    let line = request.line(id: id, deadlineMilliseconds: deadlineMilliseconds)
    try send(line, request.sql, request.parameters)
  }

  /// Likewise.
  mutating func send(_ message: ClientMessage) throws(ToolError) {
    try send(message.line, [], [])
  }

  private mutating func send(
    _ line: Line, _ sql: [UInt8], _ parameters: [UInt8]
  ) throws(ToolError) {
    let size = line.content.count + sql.count + parameters.count
    guard size < Packed.largeSize else {
      try flush()
      try begin()
      try add(line, isLast: sql.isEmpty)
      if !sql.isEmpty { try add(sql, isLast: parameters.isEmpty) }
      if !parameters.isEmpty { try add(parameters, isLast: true) }
      return
    }
    packed.append(netstring: line)
    sql.withUnsafeBytes { packed.append(netstring: $0) }
    parameters.withUnsafeBytes { packed.append(netstring: $0) }
    packedCount += 1
    if packedCount >= Self.maxPacked || packed.count >= Packed.maxSize - Self.maxPackedSize {
      try flush()
    }
  }

  /// Sends what was not sent yet.
  mutating func flush() throws(ToolError) {
    guard packedCount > 0 else { return }
    try begin()
    try add(Packed.line, isLast: false)
    try add(packed.bytes, isLast: true)
    packed.removeAll()
    packedCount = 0
  }

  /// Sends the empty frame. It is never refused, as there is room for all that the session sends.
  private func begin() throws(ToolError) {
    _ = try ToolError.wrapping { () throws(ZMQError) in
      try connection.socket.begin(UnsafeRawBufferPointer(start: nil, count: 0))
    }
  }

  private func add(_ line: Line, isLast: Bool) throws(ToolError) {
    defer { withExtendedLifetime(line) {} }
    try add(line.content, isLast: isLast)
  }

  private func add(_ frame: UnsafeRawBufferPointer, isLast: Bool) throws(ToolError) {
    try ToolError.wrapping { () throws(ZMQError) in
      try connection.socket.add(frame, isLast: isLast)
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
