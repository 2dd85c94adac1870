internal import Broker
internal import Wire
internal import ZeroMQ

/// What goes out to clients: at once, or when there is room.
struct ClientOutput {
  /// What libzmq may hold for a client of frames that are large, in bytes; one more is begun below.
  private static let maxUnsent = 1 << 20
  /// Frames from this size on are counted, in bytes: those below are bounded by their number.
  private static let largeFrame = 8192

  private var outbox = Outbox()
  /// Of the clients that have been sent large frames.
  private var unsent: [PeerID: UnsentBytes] = [:]

  var isEmpty: Bool { outbox.isEmpty }

  /// Sends an answer, or keeps what of it has room.
  /// - Parameter request: that of which this is a chunk; nil for the last part of an answer.
  mutating func send(
    _ answer: Answer, chunkOf request: UInt64? = nil, through socket: borrowing RouterSocket
  ) throws(ZMQError) -> Outbox.Fate {
    let peer = answer.request.connection
    if !outbox.isWaiting(for: peer) {
      // A client that has gone away needs no answer.
      let outcome = try attempt(answer.body, peer) { count throws(ZMQError) in
        try socket.send(answer, countedBy: count)
      }
      guard outcome == .wouldBlock else { return .kept }
    }
    return outbox.append(answer.parts, for: peer, chunkOf: request)
  }

  /// Drops rows when too much waits for all clients together.
  /// - Returns: as `Outbox.relieve`.
  mutating func relieve() -> (chunks: [UInt64: Int], hasDropped: Bool)? { outbox.relieve() }

  /// Sends what can be sent of all that was kept.
  mutating func flush(through socket: borrowing RouterSocket) throws(ZMQError) {
    guard !outbox.isEmpty else { return }
    var outbox = Outbox()
    swap(&outbox, &self.outbox)
    defer { swap(&outbox, &self.outbox) }
    try outbox.flush { peer, parts throws(ZMQError) in
      try attempt(parts[parts.count - 1], peer) { count throws(ZMQError) in
        try socket.send(parts, countedBy: count)
      }
    }
  }

  private mutating func attempt(
    _ body: Part, _ peer: PeerID,
    _ send: (UnsentBytes?) throws(ZMQError) -> Socket.SendOutcome
  ) throws(ZMQError) -> Socket.SendOutcome {
    guard case .frame(let frame) = body, frame.count >= Self.largeFrame else {
      return try send(nil)
    }
    if unsent.count > 64 { unsent = unsent.filter { $0.value.count > 0 } }
    let count = unsent[peer] ?? UnsentBytes()
    unsent[peer] = count
    guard count.count < Self.maxUnsent else { return .wouldBlock }
    return try send(count)
  }
}
