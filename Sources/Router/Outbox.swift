internal import Broker
internal import DequeModule
internal import ZeroMQ

/// Answers for clients whose connections are full, in order, until there is room.
struct Outbox {
  /// What may wait for all clients together, in bytes, with what libzmq holds; beyond that the one with the
  /// most here loses its rows.
  static let maxTotalBytes = 256 << 20

  /// What becomes of an answer.
  enum Fate: Comparable {
    case kept
    /// Its rows are dropped. In their place an error waits; a result of which this was a chunk has to
    /// end with one.
    case cut
    /// Not even an error has room.
    case dropped
  }

  private var lanes: [PeerID: OutboxLane] = [:]
  private(set) var bytes = 0

  var isEmpty: Bool { lanes.isEmpty }

  func isWaiting(for client: PeerID) -> Bool { !lanes.isEmpty && lanes[client] != nil }

  /// Keeps an answer, or what of it has room.
  /// - Parameter request: that of which this is a chunk; nil for the last part of an answer.
  mutating func append(
    _ parts: [Part], for client: PeerID, chunkOf request: UInt64? = nil
  ) -> Fate {
    var lane = take(client) ?? OutboxLane()
    defer { put(lane, client) }
    let answer = WaitingAnswer(parts, chunkOf: request)
    if lane.append(answer) { return .kept }
    if request != nil { return .cut }
    return lane.append(answer.withoutRows) ? .cut : .dropped
  }

  /// Drops the rows of those who have most, as long as there is too much of all, and whoever has
  /// most then still.
  /// - Parameter unsent: what libzmq holds, in bytes.
  /// - Returns: of which requests chunks were dropped, and how many of each; some may have their
  ///   last part already. And whether answers were dropped; nil when there was not too much.
  mutating func relieve(beside unsent: Int = 0) -> (chunks: [UInt64: Int], hasDropped: Bool)? {
    let most = Self.maxTotalBytes - unsent
    guard bytes > most else { return nil }
    var chunks: [UInt64: Int] = [:]
    var hasDropped = false
    while bytes > most,
      let largest = lanes.max(by: { $0.value.bytes < $1.value.bytes })?.key,
      var lane = take(largest)
    {
      let before = lane.bytes
      chunks.merge(lane.dropRows(), uniquingKeysWith: +)
      if lane.bytes < before { put(lane, largest) } else { hasDropped = true }
    }
    return (chunks, hasDropped)
  }

  /// Sends what can be sent now.
  mutating func flush(
    _ send: (PeerID, [Part]) throws(ZMQError) -> Socket.SendOutcome
  ) throws(ZMQError) {
    for client in Array(lanes.keys) {
      guard var lane = take(client) else { continue }
      sending: while let answer = lane.first {
        switch try send(client, answer.parts) {
        case .sent: lane.removeFirst()
        case .wouldBlock:
          put(lane, client)
          break sending
        case .unreachable: break sending
        }
      }
    }
  }

  private mutating func take(_ client: PeerID) -> OutboxLane? {
    let lane = lanes.removeValue(forKey: client)
    bytes -= lane?.bytes ?? 0
    return lane
  }

  private mutating func put(_ lane: OutboxLane, _ client: PeerID) {
    lanes[client] = lane
    bytes += lane.bytes
  }
}
