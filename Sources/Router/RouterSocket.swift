internal import Broker
internal import Toolkit
internal import Wire
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
  /// What is kept of buffers from one message to the next, in bytes.
  private static let keptCapacity = 1 << 20

  let base: MonitoredSocket
  let paths: BoundPaths
  private(set) var connections = Connections()
  private var ended: [PeerID] = []
  /// One that is known: who has sent something mostly sends more.
  private var latest: PeerID?
  private var refusal: String?
  /// What is sent as one frame. It is kept from one message to the next.
  private var packed = ByteBuffer()

  /// - Parameters:
  ///   - name: unique in the process.
  ///   - maxFrame: the largest frame in bytes; whoever sends a larger one is disconnected.
  ///   - mayPause: whether who is connected may stop reading for long.
  package init(
    _ name: String, boundTo endpoints: [String], maxFrame: Int64,
    highWaterMarks: HighWaterMarks, mayPause: Bool = false, in context: Context
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
    try base.socket.noticeLostHosts(mayPause: mayPause)
    for endpoint in endpoints { try base.socket.bind(endpoint) }
    self.base = base
    paths = BoundPaths(endpoints)
  }

  /// Receives a message, or nothing when there is none yet; and whether its sender may be there
  /// still. One that is not is told of by `takeEnded` again.
  mutating func receive() throws(ZMQError) -> (message: Multipart, isConnected: Bool)? {
    guard let message = try base.socket.receive() else { return nil }
    let peer = PeerID(message[0])
    if peer == latest { return (message, true) }
    if connections.isKnown(peer) {
      latest = peer
      return (message, true)
    }
    try takeReports()
    guard let descriptor = message.descriptor else { return (message, true) }
    let isConnected = connections.heard(peer, on: descriptor)
    if !isConnected { ended.append(peer) }
    return (message, isConnected)
  }

  /// Sends an answer to where its request came from.
  /// - Parameter count: of the bytes of its rows, if they are to be counted.
  func send(
    _ answer: borrowing Answer, countedBy count: UnsentBytes?
  ) throws(ZMQError) -> Socket.SendOutcome {
    let outcome = try begin(for: answer.request.sender)
    guard outcome == .sent else { return outcome }
    try base.socket.add(answer.line, isLast: false)
    try add(last: answer.body, countedBy: count)
    return .sent
  }

  private func add(last part: Part, countedBy count: UnsentBytes?) throws(ZMQError) {
    if case .frame(let frame) = part, let count {
      // What libzmq keeps is counted by what it sends.
      try base.socket.add(frame.compact, isLast: true, countedBy: count)
    } else {
      try base.socket.add(part, isLast: true)
    }
  }

  /// Sends answers that go out together.
  /// - Parameter count: as of an answer.
  func send(
    _ answers: Part, to sender: Sender, countedBy count: UnsentBytes?
  ) throws(ZMQError) -> Socket.SendOutcome {
    let outcome = try begin(for: sender)
    guard outcome == .sent else { return outcome }
    try base.socket.add(Packed.line, isLast: false)
    try add(last: answers, countedBy: count)
    return .sent
  }

  /// Sends an answer that had to wait.
  /// - Parameter count: of the bytes of its rows, if they are to be counted.
  func send(
    _ parts: [Part], countedBy count: UnsentBytes?
  ) throws(ZMQError) -> Socket.SendOutcome {
    guard let count, case .frame(let rows)? = parts.last else { return try base.socket.send(parts) }
    let outcome = try base.socket.begin(parts[0], isLast: false)
    guard outcome == .sent else { return outcome }
    for part in parts.dropFirst().dropLast() { try base.socket.add(part, isLast: false) }
    try base.socket.add(rows, isLast: true, countedBy: count)
    return .sent
  }

  /// Sends a command to a worker that waits for it.
  func send(
    _ command: WorkerCommand, to peer: PeerID, isLast: Bool = true
  ) throws(ZMQError) -> Socket.SendOutcome {
    let outcome = try begin(peer)
    guard outcome == .sent else { return outcome }
    try base.socket.add(.delimiter, isLast: false)
    try base.socket.add(command.line, isLast: isLast)
    return .sent
  }

  /// Begins an answer, with the empty frame.
  private func begin(for sender: Sender) throws(ZMQError) -> Socket.SendOutcome {
    let outcome = try begin(sender.connection)
    guard outcome == .sent else { return outcome }
    for frame in sender.envelope { try base.socket.add(frame, isLast: false) }
    try base.socket.add(.delimiter, isLast: false)
    return .sent
  }

  private func begin(_ peer: PeerID) throws(ZMQError) -> Socket.SendOutcome {
    switch peer {
    case .short(let word):
      // As `withBytes` does, which as a generic of another module costs more than the send.
      var id = (word >> 8).littleEndian
      return try withUnsafePointer(to: &id) { id throws(ZMQError) in
        try base.socket.begin(UnsafeRawBufferPointer(start: id, count: Int(word & 0xff)))
      }
    case .long(let bytes): return try base.socket.begin(bytes)
    case .scoped: return .unreachable
    }
  }

  /// Sends attempts at requests, one at least, to a worker that waits for them.
  mutating func send(_ orders: [Order], to peer: PeerID) throws(ZMQError) -> Socket.SendOutcome {
    let outcome = try send(.run, to: peer, isLast: false)
    guard outcome == .sent else { return outcome }
    defer { packed.removeAll(keeping: Self.keptCapacity) }
    var last = Part.delimiter
    for index in orders.indices {
      if index > 0 { packed.append(netstring: last) }
      let request = ClientRequest.of(orders[index].request)
      packed.append(netstring: orders[index].job.line)
      if let sql = request.sql { packed.append(netstring: .frame(sql)) }
      last = request.parameters.map(Part.frame) ?? .delimiter
    }
    try base.socket.add(packed.bytes, isLast: false)
    try base.socket.add(last, isLast: true)
    return .sent
  }

  /// Whether there is something to take that the monitor has reported already.
  var hasNews: Bool { !ended.isEmpty || refusal != nil }

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
      latest = nil
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

extension Socket {
  /// Sends a line as the next frame of a message that was begun.
  fileprivate func add(_ line: Line, isLast: Bool) throws(ZMQError) {
    defer { withExtendedLifetime(line) {} }
    try add(line.content, isLast: isLast)
  }
}
