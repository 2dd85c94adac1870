internal import Broker
internal import Toolkit
package import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// How many messages libzmq may hold for each connection, whatever their size.
package struct HighWaterMarks {
  package let receive: Int32
  package let send: Int32
}

/// A bound ROUTER that knows which of its connections are open.
package struct RouterSocket: ~Copyable {
  /// How long the last messages may take to leave when the process ends.
  private static let lingerMilliseconds: Int32 = 1000

  let base: MonitoredSocket
  let paths: BoundPaths
  private(set) var connections = Connections()
  private var ended: [PeerID] = []
  private var refusal: String?

  /// - Parameters:
  ///   - name: unique in the process.
  ///   - maxFrame: the largest frame in bytes; whoever sends a larger one is disconnected.
  package init(
    _ name: String, boundTo endpoints: [String], maxFrame: Int64,
    highWaterMarks: HighWaterMarks, in context: Context
  ) throws(ZMQError) {
    let base = try MonitoredSocket(
      .router, [.accepted, .acceptFailed, .handshakeFailed, .disconnected], name: name, in: context)
    try base.socket.setMaxFrameSize(maxFrame)
    try base.socket.set(.receiveHighWaterMark, highWaterMarks.receive)
    try base.socket.set(.sendHighWaterMark, highWaterMarks.send)
    try base.socket.set(.handshakeInterval, Limits.handshakeMilliseconds)
    try base.socket.set(.linger, Self.lingerMilliseconds)
    try base.socket.set(.backlog, Limits.backlog)
    try base.socket.set(.routerMandatory, 1)
    for endpoint in endpoints { try base.socket.bind(endpoint) }
    self.base = base
    paths = BoundPaths(endpoints)
  }

  /// Receives a message, or nothing when there is none yet; and whether its sender may be there
  /// still. One that is not is told of by `takeEnded` again.
  mutating func receive() throws(ZMQError) -> (message: Multipart, isConnected: Bool)? {
    guard let message = try base.socket.receive() else { return nil }
    let peer = PeerID(message[0])
    if connections.isKnown(peer) { return (message, true) }
    try takeReports()
    guard let descriptor = message.descriptor else { return (message, true) }
    let isConnected = connections.heard(peer, on: descriptor)
    if !isConnected { ended.append(peer) }
    return (message, isConnected)
  }

  func send(_ parts: [Part]) throws(ZMQError) -> Socket.SendOutcome {
    try base.socket.send(parts)
  }

  /// Takes in what the monitor has to report, and says whether any connections have ended.
  mutating func hasEnded() throws(ZMQError) -> Bool {
    try takeReports()
    return !ended.isEmpty
  }

  /// The peers whose connections have ended, each of which was heard at least once.
  mutating func takeEnded() -> [PeerID] {
    defer { ended.removeAll(keepingCapacity: true) }
    return ended
  }

  /// Why the last connection was refused, if any was since the last call.
  mutating func takeRefusal() -> String? {
    defer { refusal = nil }
    return refusal
  }

  private mutating func takeReports() throws(ZMQError) {
    while let report = try base.nextReport() {
      switch report.event {
      case .accepted: ended += connections.accepted(report.value)
      case .disconnected: ended += connections.disconnected(report.value)
      case .acceptFailed: refusal = "no descriptor is left for another connection"
      case .handshakeFailed: refusal = Self.reason(report.value) ?? refusal
      default: break
      }
    }
  }

  /// What is wrong with a handshake that was refused here, not by libzmq.
  private static func reason(_ code: Int32) -> String? {
    switch code {
    case EPROTO: "a routing id of five bytes that begins with zero"
    case EPROTONOSUPPORT: "a protocol other than ZMTP 3"
    case EMSGSIZE: "a handshake that is too long"
    default: nil
    }
  }
}
