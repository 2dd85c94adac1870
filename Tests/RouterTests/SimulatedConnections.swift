import TestSupport

@testable import Broker
@testable import Router

/// Connections that come, speak and go, the descriptors they are given, and what a monitor reports
/// of that, in every order that it can come in.
struct SimulatedConnections {
  struct Wrong: Error, CustomStringConvertible {
    let description: String
  }

  private struct Connection {
    let peer: PeerID
    let descriptor: Int32
    var isOpen = true
    /// Messages that nobody has received yet.
    var unread = 0
  }

  private struct Report {
    let isAccepted: Bool
    let descriptor: Int32
  }

  private(set) var connections = Connections()
  private var all: [Connection] = []
  private var reports: [Report] = []
  /// Through which connection a peer was heard last, and whose the descriptor was at that time, of
  /// those that have not ended since.
  private var heard: [PeerID: (connection: Int, holder: Int)] = [:]
  private var random: SeededRandom
  /// Whether reports of disconnections come in any order, and not as it happened.
  private let isShuffled: Bool
  private(set) var endings = 0

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    isShuffled = seed.isMultiple(of: 2)
  }

  mutating func step() throws {
    switch Int.random(in: 0..<10, using: &random) {
    case 0, 1: connect()
    case 2, 3: disconnect()
    case 4, 5: speak()
    case 6, 7: try receive()
    default: try report(Int.random(in: 0...reports.count, using: &random))
    }
    // What is kept is bounded by the descriptors that are open or not yet reported as closed.
    let open = all.count { $0.isOpen }
    guard connections.count <= open + reports.count else {
      throw Wrong(description: "\(connections.count) descriptors are kept, \(open) are open")
    }
    // Late is late only until the connection is gone that it was taken for.
    if reports.isEmpty, let late = heard.first(where: { !all[$0.value.holder].isOpen }) {
      throw Wrong(description: "\(late.key) has not ended")
    }
  }

  /// Ends all connections, receives what is left, and expects that nothing is.
  mutating func finish() throws {
    for index in all.indices where all[index].isOpen { close(index) }
    while all.contains(where: { $0.unread > 0 }) { try receive() }
    try report(reports.count)
    guard heard.isEmpty else { throw Wrong(description: "\(heard.count) never ended") }
    guard connections.count == 0 else {
      throw Wrong(description: "\(connections.count) descriptors are kept")
    }
  }

  private mutating func connect() {
    let used = Set(all.lazy.filter(\.isOpen).map(\.descriptor))
    guard used.count < 4, let free = (Int32(7)...).first(where: { !used.contains($0) }) else {
      return
    }
    // A few choose an id of their own, which nobody else has as long as they are connected.
    let own = PeerID.long([UInt8.random(in: 1...2, using: &random)])
    let isOwn =
      Int.random(in: 0..<4, using: &random) == 0 && !all.contains { $0.isOpen && $0.peer == own }
    let unique = PeerID.short(UInt64(all.count) << 16 | 5)
    all.append(Connection(peer: isOwn ? own : unique, descriptor: free))
    reports.append(Report(isAccepted: true, descriptor: free))
  }

  private mutating func disconnect() {
    let open = all.indices.filter { all[$0].isOpen }
    if let index = open.randomElement(using: &random) { close(index) }
  }

  private mutating func close(_ index: Int) {
    all[index].isOpen = false
    reports.append(Report(isAccepted: false, descriptor: all[index].descriptor))
  }

  private mutating func speak() {
    let open = all.indices.filter { all[$0].isOpen }
    if let index = open.randomElement(using: &random) { all[index].unread += 1 }
  }

  private mutating func receive() throws {
    let unread = all.indices.filter { all[$0].unread > 0 }
    guard let index = unread.randomElement(using: &random) else { return }
    all[index].unread -= 1
    let peer = all[index].peer
    if connections.isKnown(peer) {
      heard[peer]?.connection = index
      return
    }
    try reportBeforeHearing()
    let descriptor = all[index].descriptor
    let holder = all.lastIndex { $0.descriptor == descriptor } ?? index
    if connections.heard(peer, on: descriptor) {
      heard[peer] = (index, holder)
    } else if all[index].isOpen {
      throw Wrong(description: "\(peer) is taken for gone")
    }
  }

  /// Takes reports in, the oldest first or in any order.
  private mutating func report(_ count: Int) throws {
    if isShuffled { reports.shuffle(using: &random) }
    let taken = reports.prefix(count)
    reports.removeFirst(count)
    for report in taken { try take(report) }
  }

  /// Takes in all reports, but those of disconnections that are late.
  private mutating func reportBeforeHearing() throws {
    var late: [Report] = []
    if isShuffled {
      let split = reports.partition { !$0.isAccepted && Bool.random(using: &random) }
      late = Array(reports[split...])
      reports.removeSubrange(split...)
    }
    try report(reports.count)
    reports = late
  }

  private mutating func take(_ report: Report) throws {
    let ended =
      report.isAccepted
      ? connections.accepted(report.descriptor) : connections.disconnected(report.descriptor)
    for peer in ended {
      endings += 1
      guard let (index, _) = heard.removeValue(forKey: peer) else {
        throw Wrong(description: "\(peer) ends, and was not there")
      }
      guard !all[index].isOpen else { throw Wrong(description: "\(peer) ends, and is there") }
    }
  }
}
