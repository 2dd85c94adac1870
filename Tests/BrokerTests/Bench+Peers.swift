import Testing
import Wire

@testable import Broker

/// Brokers beside the one on the bench, which is called `here`.
extension Bench {
  /// A broker with so many peers, called `there-0` and so on when they are there.
  init(
    peers count: Int, tries: Int = 3, expectedWorkers: Int? = nil, maxRequestsInFlight: Int = 10_000
  ) {
    var configuration = Configuration()
    configuration.maxRequestsInFlight = maxRequestsInFlight
    configuration.broker = "here"
    configuration.tries = tries
    configuration.expectedWorkers = expectedWorkers
    configuration.peers = (0..<count).map { "tcp://there-\($0)" }
    self.init(configuration, settled: expectedWorkers == nil)
    _ = reconnects()
    _ = questions()
  }

  /// A peer says how much it can take.
  mutating func capacity(
    of peer: Int = 0, _ broker: String? = nil, workers: Int = 1, others: Int = 0,
    watches: Int? = nil, revision: Int = 1, dbs: [String]? = nil, isStarting: Bool = false
  ) {
    let line = PeerCapacity(
      broker: broker ?? "there-\(peer)", workers: workers, others: others, watches: watches,
      revision: revision, hasDatabases: dbs != nil, isStarting: isStarting)
    self.broker.receive(
      line, databases: (dbs ?? []).map { ServedDatabase(name: $0) }, from: peer, now: now)
    collect()
  }

  /// A peer answers what it was handed.
  mutating func peerAnswers(
    _ attempt: Attempt, _ outcome: Outcome = .rows(1), from peer: Int = 0, run: Int64? = 5
  ) {
    let answer = PeerAnswer(
      attempt: attempt, content: .outcome(outcome), worker: "w-9", runMicroseconds: run)
    broker.receive(answer, Body(owner: TestRequest("rows"), index: 0), from: peer, now: now)
    collect()
  }

  mutating func peerFails(_ attempt: Attempt, _ code: ErrorCode, from peer: Int = 0) {
    peerAnswers(attempt, .failure(Failure(code, "there")), from: peer, run: nil)
  }

  mutating func peerSendsChunk(_ attempt: Attempt, from peer: Int = 0) {
    let answer = PeerAnswer(attempt: attempt, content: .chunk, worker: "w-9")
    broker.receive(answer, Body(owner: TestRequest("chunk"), index: 0), from: peer, now: now)
    collect()
  }

  mutating func disconnect(peer: Int) {
    broker.disconnected(peer: peer, now: now)
    collect()
  }

  /// Another broker asks on a connection of its name.
  mutating func question(from broker: String, revision: Int = -1) {
    receive(.peer(PeerQuestion(broker: broker, revision: revision)), "peer", from: broker)
  }

  /// Takes out what was answered to that: the line, and the names in the list.
  mutating func offers() throws -> [(capacity: PeerCapacity, names: [String])] {
    try take { effect -> (Line, Rows?)? in
      guard case .answer(_, let line, let rows) = effect, line.word == "CAPACITY" else {
        return nil
      }
      return (line, rows)
    }.map { line, rows in
      guard case .bytes(let bytes) = rows else { return (try #require(PeerCapacity(line)), []) }
      let list = try bytes.withUnsafeBytes { try ServedDatabase.decode($0) }
      return (try #require(PeerCapacity(line)), list.map(\.name))
    }
  }

  /// Takes out what was handed over since the last look: the peer, the request, the query.
  mutating func handed() -> [(peer: Int, request: String, query: Query, attempt: Attempt)] {
    take { effect -> [(peer: Int, request: String, query: Query, attempt: Attempt)]? in
      guard case .hand(let peer, let handovers) = effect else { return nil }
      return handovers.compactMap { handover in
        handover.query.id.flatMap(Attempt.init(handedAs:)).map {
          (peer, TestRequest.id(handover.request), handover.query, $0)
        }
      }
    }.flatMap { $0 }
  }

  /// Takes out the only request that was handed over since the last look.
  mutating func handover() throws -> (
    peer: Int, request: String, query: Query, attempt: Attempt
  ) {
    let all = handed()
    try #require(all.count == 1)
    return all[0]
  }

  /// Takes out what peers were told besides, without the questions.
  mutating func toldPeers() -> [ClientMessage] {
    take { effect in
      guard case .tellPeer(_, let message) = effect else { return nil }
      if case .peer = message { return nil }
      return message
    }
  }

  /// Takes out what peers were asked.
  mutating func questions() -> [PeerQuestion] {
    take { effect in
      guard case .tellPeer(_, .peer(let question)) = effect else { return nil }
      return question
    }
  }

  /// Takes out which peers were connected to anew.
  mutating func reconnects() -> [Int] {
    take { effect in
      guard case .reconnect(let peer) = effect else { return nil }
      return peer
    }
  }
}
