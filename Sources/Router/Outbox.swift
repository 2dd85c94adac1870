internal import Broker
internal import DequeModule
internal import ZeroMQ

/// Answers for clients whose connections are full, in order, until there is room.
struct Outbox {
  /// What may wait for one client, in answers and in bytes; beyond that it gets nothing more.
  static let maxAnswers = 10_000
  static let maxBytes = 64 << 20
  /// How long to wait before the next attempt.
  static let retryMilliseconds = 5

  private struct Lane {
    var answers: Deque<[Part]> = []
    var bytes = 0
  }

  private var lanes: [PeerID: Lane] = [:]

  var isEmpty: Bool { lanes.isEmpty }

  func isWaiting(for client: PeerID) -> Bool { lanes[client] != nil }

  /// Keeps an answer; false when there are too many of them, which are then all dropped.
  mutating func append(_ answer: [Part], bytes: Int, for client: PeerID) -> Bool {
    lanes[client, default: Lane()].answers.append(answer)
    lanes[client]?.bytes += bytes
    guard let lane = lanes[client] else { return false }
    if lane.answers.count <= Self.maxAnswers && lane.bytes <= Self.maxBytes { return true }
    lanes[client] = nil
    return false
  }

  /// Sends what can be sent now.
  mutating func flush(_ send: ([Part]) throws(ZMQError) -> Socket.SendOutcome) throws(ZMQError) {
    for client in Array(lanes.keys) {
      guard var lane = lanes[client] else { continue }
      lanes[client] = nil
      sending: while let answer = lane.answers.first {
        switch try send(answer) {
        case .sent: lane.answers.removeFirst()
        case .wouldBlock:
          lanes[client] = lane
          break sending
        case .unreachable: break sending
        }
      }
    }
  }
}
