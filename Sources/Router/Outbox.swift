internal import Broker
internal import DequeModule
internal import ZeroMQ

/// Answers for clients whose connections are full, in order, until there is room.
struct Outbox {
  /// What may wait for one client, in answers and in bytes; beyond that all that waits is dropped.
  static let maxAnswers = 10_000
  static let maxBytes = 64 << 20
  /// What may wait for all clients together, in bytes; beyond that the one with the most loses all.
  static let maxTotalBytes = 256 << 20
  /// How long to wait before the next attempt.
  static let retryMilliseconds = 1

  private struct Lane {
    var answers: Deque<Waiting> = []
    var bytes = 0
  }

  private struct Waiting {
    let parts: [Part]
    let bytes: Int
  }

  private var lanes: [PeerID: Lane] = [:]
  private(set) var bytes = 0

  var isEmpty: Bool { lanes.isEmpty }

  func isWaiting(for client: PeerID) -> Bool { !lanes.isEmpty && lanes[client] != nil }

  /// Keeps an answer. Returns whether that was too much, and some client's answers were dropped.
  mutating func append(_ parts: [Part], for client: PeerID) -> Bool {
    let answer = Waiting(parts: parts, bytes: parts.reduce(0) { $0 + $1.count })
    var lane = take(client) ?? Lane()
    lane.answers.append(answer)
    lane.bytes += answer.bytes
    if lane.answers.count > Self.maxAnswers || lane.bytes > Self.maxBytes { return true }
    put(lane, client)
    guard bytes > Self.maxTotalBytes,
      let largest = lanes.max(by: { $0.value.bytes < $1.value.bytes })?.key
    else { return false }
    _ = take(largest)
    return true
  }

  /// Sends what can be sent now.
  mutating func flush(
    _ send: (PeerID, [Part]) throws(ZMQError) -> Socket.SendOutcome
  ) throws(ZMQError) {
    for client in Array(lanes.keys) {
      guard var lane = take(client) else { continue }
      sending: while let answer = lane.answers.first {
        switch try send(client, answer.parts) {
        case .sent:
          lane.answers.removeFirst()
          lane.bytes -= answer.bytes
        case .wouldBlock:
          put(lane, client)
          break sending
        case .unreachable: break sending
        }
      }
    }
  }

  private mutating func take(_ client: PeerID) -> Lane? {
    let lane = lanes.removeValue(forKey: client)
    bytes -= lane?.bytes ?? 0
    return lane
  }

  private mutating func put(_ lane: Lane, _ client: PeerID) {
    lanes[client] = lane
    bytes += lane.bytes
  }
}
