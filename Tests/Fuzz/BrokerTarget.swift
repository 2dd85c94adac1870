import Broker
import Router
import Wire
import ZeroMQ

/// The router's entries for messages, and the broker behind them: a short life among messages of
/// which few are what they should be.
struct BrokerTarget: ~Copyable {
  private let pipe: Pipe

  init(_ pipe: consuming Pipe) {
    self.pipe = pipe
  }

  func run(_ source: inout Source) throws(Finding) {
    var configuration = Configuration()
    configuration.tries = 1 + source.below(3)
    configuration.maxQueuedRequests = source.pick([2, 100_000])
    configuration.maxRequestsInFlight = source.pick([3, 10_000])
    configuration.reservedWorkers = source.below(2)
    configuration.broker = "here"
    configuration.peers = (0..<source.below(3)).map { "peer-\($0)" }
    var cluster = Cluster(configuration)
    for _ in 0..<(5 + source.below(30)) { try step(&cluster, &source) }
    try check(&cluster)
    try end(&cluster)
  }

  private func step(_ cluster: inout Cluster, _ source: inout Source) throws(Finding) {
    switch source.below(100) {
    case 0..<40:
      let frames = client(&source)
      for frame in frames { source.trace(frame) }
      try cluster.receive(fromClient: try pipe.message(frames))
    case 40..<75:
      let frames = worker(&source, cluster)
      for frame in frames { source.trace(frame) }
      try cluster.receive(fromWorker: try pipe.message(frames))
    case 75..<80 where !cluster.handed.isEmpty:
      let number = source.below(cluster.handed.count)
      let frames = peerReply(&source, cluster.handed[number])
      for frame in frames { source.trace(frame) }
      try cluster.receive(fromPeer: number, try pipe.message(frames))
    case 80 where !cluster.handed.isEmpty:
      try cluster.disconnect(peer: source.below(cluster.handed.count))
    case 75..<85: try publish(&cluster, &source)
    case 85..<88: try cluster.disconnect(client: peer(source.below(Self.peers)))
    case 88..<91: try cluster.disconnect(worker: peer(source.below(Self.peers)))
    case 91..<93:
      cluster.broker.unreachable(peer(source.below(Self.peers)), now: cluster.now)
      try cluster.carryOut()
    case 93: cluster.broker.clearQuarantine()
    case 94 where source.chance(20): cluster.broker.drain(now: cluster.now)
    default: try cluster.pass(milliseconds: source.below(source.chance(80) ? 100 : 5000))
    }
    try cluster.carryOut()
  }

  /// What the broker holds, by what it says itself, is no more than what it was given.
  private func check(_ cluster: inout Cluster) throws(Finding) {
    let open = cluster.openCount
    let now = try statistics(&cluster)
    let sets = cluster.sets.counts
    let requests = open - sets.sets + sets.asked
    try expect(
      cluster.isAmbiguous || now["requests"] == requests,
      "\(now) but \(requests) requests, \(sets)", [])
    try expect(now["workers.idle", default: 0] <= now["workers", default: 0], "\(now)", [])
    try expect(now["workers", default: 0] <= Self.peers, "\(now)", [])
    try expect(cluster.isAmbiguous || now["clients", default: 0] <= open, "\(now)", [])
  }

  private func statistics(_ cluster: inout Cluster) throws(Finding) -> [String: Int] {
    var now: [String: Int] = [:]
    for row in try cluster.show(.stats, pipe) {
      guard case .text(let name) = row[0], case .integer(let number) = row[1] else { continue }
      now[String(decoding: name, as: UTF8.self)] = Int(number)
    }
    return now
  }

  /// When everybody has gone and all time is over, nothing is left.
  private func end(_ cluster: inout Cluster) throws(Finding) {
    for _ in 0..<3 { try cluster.pass(milliseconds: ClientMessage.maxDeadlineMilliseconds) }
    if !cluster.isAmbiguous, let left = cluster.open.values.first {
      throw Finding(
        "\(cluster.open.count) requests are never answered", left.request.sender.connection.bytes)
    }
    // Supervisors that say nothing; at the end of a longer sleep than this nobody had a chance to.
    for _ in 0..<5 { try cluster.pass(milliseconds: 1000) }
    for number in 0..<Self.peers { try cluster.disconnect(worker: peer(number)) }
    try expect(cluster.sets.isEmpty, "queries on several databases", [])
    try expect(cluster.broker.isEmpty && cluster.broker.abandonments.isEmpty, "not empty", [])
    let now = try statistics(&cluster)
    for what in ["workers", "workers.idle", "clients", "requests", "requests.queued"] {
      try expect(now[what] == 0, "\(what) is left: \(now)", [])
    }
    let databases = try cluster.show(.databases, pipe)
    try expect(databases.isEmpty, "databases of nobody: \(databases)", [])
  }
}
