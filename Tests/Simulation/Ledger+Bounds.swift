import Wire

/// Who may be told that there is no room.
extension Ledger {
  /// What waits, of one client or of all.
  private struct Waiting {
    var count = 0
    var bytes = 0

    mutating func add(_ request: Request) {
      count += 1
      bytes += request.size
    }
  }

  /// The share of the queue that one client may fill.
  private static var shares: Int { 4 }

  func checkBusy(_ index: Int, now: Instant) throws {
    let request = requests[index]
    var all = Waiting()
    var clients: [Int: Waiting] = [:]
    var inFlight = 0
    for other in open.lazy.map({ requests[$0] }) {
      guard let place = other.place else { continue }
      if other.connection == request.connection { inFlight += 1 }
      if place.isHeld { continue }
      all.add(other)
      clients[other.connection, default: Waiting()].add(other)
    }
    let own = clients[request.connection] ?? Waiting()
    if request.place != nil { return try checkRoom(index, all, own, clients) }
    if case .show = request.message, let end = shown[request.connection], now < end { return }
    let isFull =
      all.count >= configuration.maxQueuedRequests
      || all.bytes + request.size > configuration.maxQueuedBytes
    let hasShare =
      own.count >= configuration.maxQueuedRequests / Self.shares
      || own.bytes + request.size > configuration.maxQueuedBytes / Self.shares
    try require(
      isFull || own.count > 0 && hasShare || inFlight >= configuration.maxRequestsInFlight,
      "only \(all.count) wait, with \(all.bytes) bytes, \(own.count) of its client")
  }

  /// One that waits may make room for one that comes, if its client has the most.
  private func checkRoom(
    _ index: Int, _ all: Waiting, _ own: Waiting, _ clients: [Int: Waiting]
  ) throws {
    guard let arriving, requests[arriving].connection != requests[index].connection else {
      throw Violation("\(index) makes room for nobody")
    }
    let isFull =
      all.count >= configuration.maxQueuedRequests
      || all.bytes + requests[arriving].size > configuration.maxQueuedBytes
    try require(isFull, "\(index) makes room, and there is some")
    let hasMost = { (kind: KeyPath<Waiting, Int>) in
      clients.values.allSatisfy { $0[keyPath: kind] <= own[keyPath: kind] }
    }
    try require(
      hasMost(\.count) || hasMost(\.bytes), "\(index) makes room, and others have more")
  }
}
