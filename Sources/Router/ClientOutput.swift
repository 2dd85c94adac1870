internal import Broker
internal import Wire
internal import ZeroMQ

/// What goes out to clients: at once, together with other answers, or when there is room.
struct ClientOutput {
  /// What libzmq may hold for a client, in bytes; one more frame is begun below. And what when it holds so much
  /// for all together.
  private static let maxUnsent = 1 << 20
  private static let maxTotalUnsent = Outbox.maxTotalBytes / 2
  private static let maxUnsentBeyond = 64 << 10
  /// Frames that are smaller are not counted: they are bounded by their number.
  private static let leastCounted = 4 << 10
  private static let leastSweep = 64

  private var outbox = Outbox()
  private var retry = Retry()
  /// Of the clients that have been sent frames that are counted, and of all together.
  private var unsent: [PeerID: UnsentBytes] = [:]
  private let totalUnsent = UnsentBytes()
  /// When it has so many, those that have been sent all are forgotten.
  private var nextSweep = leastSweep
  /// What is sent when `sendPacks` is called, by the clients.
  private var packs: [PeerID: AnswerPack] = [:]
  /// One of those: who gets something mostly gets more.
  private var latest: AnswerPack?
  private var packFate = Outbox.Fate.kept

  var isEmpty: Bool { outbox.isEmpty }

  /// How long after the last `flush` the next one is to be.
  var retryMilliseconds: Int { retry.milliseconds }

  /// What libzmq holds for all clients of what is counted, in bytes.
  var unsentBytes: Int { totalUnsent.count }

  /// Sends an answer, or keeps what of it has room.
  /// - Parameter request: that of which this is a chunk; nil for the last part of an answer.
  mutating func send(
    _ answer: Answer, chunkOf request: UInt64? = nil, through socket: borrowing RouterSocket
  ) throws(ZMQError) -> Outbox.Fate {
    let sender = answer.request.sender
    let peer = sender.connection
    guard !outbox.isWaiting(for: peer) else {
      return keep(answer.parts, for: peer, chunkOf: request)
    }
    if request == nil, AnswerPack.takes(answer) {
      let pack = pack(for: sender)
      pack.append(answer)
      if pack.isFull { try sendPack(for: sender.client, through: socket) }
      return .kept
    }
    // What was given out before goes out before.
    try sendPack(for: sender.client, through: socket)
    if !outbox.isWaiting(for: peer) {
      // A client that has gone away needs no answer.
      let outcome = try attempt(answer.body, peer) { count throws(ZMQError) in
        try socket.send(answer, countedBy: count)
      }
      guard outcome == .wouldBlock else { return .kept }
    }
    return keep(answer.parts, for: peer, chunkOf: request)
  }

  private mutating func keep(
    _ parts: [Part], for client: PeerID, chunkOf request: UInt64? = nil
  ) -> Outbox.Fate {
    retry.begin()
    return outbox.append(parts, for: client, chunkOf: request)
  }

  private mutating func pack(for sender: Sender) -> AnswerPack {
    if let latest, latest.sender === sender { return latest }
    let pack = packs[sender.client] ?? AnswerPack(for: sender)
    packs[sender.client] = pack
    latest = pack
    return pack
  }

  /// Sends the answers that are to go out together.
  /// - Returns: the worst that has become of one of them since the last call.
  mutating func sendPacks(through socket: borrowing RouterSocket) throws(ZMQError) -> Outbox.Fate {
    if !packs.isEmpty {
      for client in Array(packs.keys) { try sendPack(for: client, through: socket) }
    }
    defer { packFate = .kept }
    return packFate
  }

  private mutating func sendPack(
    for client: PeerID, through socket: borrowing RouterSocket
  ) throws(ZMQError) {
    guard !packs.isEmpty, let pack = packs.removeValue(forKey: client) else { return }
    latest = nil
    let outcome = try pack.withBytes { bytes throws(ZMQError) in
      // What libzmq keeps of larger ones is counted, and so is not the buffer here.
      let answers =
        bytes.count < Self.leastCounted ? Part.raw(bytes) : .frame(Frame(copying: bytes))
      return try attempt(answers, pack.sender.connection) { count throws(ZMQError) in
        try socket.send(answers, to: pack.sender, countedBy: count)
      }
    }
    guard outcome == .wouldBlock else { return }
    for parts in pack.parts {
      packFate = max(packFate, keep(parts, for: pack.sender.connection))
    }
  }

  /// Drops rows when too much waits for all clients together.
  /// - Returns: as `Outbox.relieve`.
  mutating func relieve() -> (chunks: [UInt64: Int], hasDropped: Bool)? {
    outbox.relieve(beside: min(unsentBytes, Self.maxTotalUnsent))
  }

  /// Sends what can be sent of all that was kept.
  mutating func flush(through socket: borrowing RouterSocket, now: Instant) throws(ZMQError) {
    guard !outbox.isEmpty else { return }
    var isVain = true
    var outbox = Outbox()
    swap(&outbox, &self.outbox)
    defer { swap(&outbox, &self.outbox) }
    try outbox.flush { peer, parts throws(ZMQError) in
      let outcome = try attempt(parts[parts.count - 1], peer) { count throws(ZMQError) in
        try socket.send(parts, countedBy: count)
      }
      if outcome != .wouldBlock { isVain = false }
      return outcome
    }
    if isVain { retry.failed(now: now) } else { retry.begin() }
  }

  /// - Parameter body: if it is not small, it is counted.
  private mutating func attempt(
    _ body: Part, _ peer: PeerID,
    _ send: (UnsentBytes?) throws(ZMQError) -> Socket.SendOutcome
  ) throws(ZMQError) -> Socket.SendOutcome {
    guard case .frame(let frame) = body, frame.count >= Self.leastCounted else {
      return try send(nil)
    }
    if unsent.count >= nextSweep {
      unsent = unsent.filter { $0.value.count > 0 }
      nextSweep = max(Self.leastSweep, 2 * unsent.count)
    }
    let count = unsent[peer] ?? UnsentBytes(within: totalUnsent)
    unsent[peer] = count
    let most = unsentBytes < Self.maxTotalUnsent ? Self.maxUnsent : Self.maxUnsentBeyond
    guard count.count < most else { return .wouldBlock }
    return try send(count)
  }
}
