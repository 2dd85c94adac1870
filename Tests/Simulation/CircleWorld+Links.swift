import Wire

/// The links between brokers, as their loops have them.
extension CircleWorld {
  /// Begins to connect.
  mutating func open(_ link: Int) {
    links[link].serial += 1
    links[link].queue = []
    plan(.connects(link: link, serial: links[link].serial), in: 100...2000)
  }

  mutating func connect(_ link: Int, _ serial: Int) {
    guard links[link].serial == serial, links[link].connection == nil else { return }
    let target = links[link].target
    guard sites[target].isUp, now >= links[link].cutUntil else {
      return plan(.connects(link: link, serial: serial), in: 10_000...50_000)
    }
    connections.append(
      CircleConnection(owner: .link(link), site: target, start: sites[target].starts))
    links[link].connection = connections.count - 1
    let waiting = links[link].queue
    links[link].queue = []
    for packet in waiting { send(packet, through: link) }
  }

  mutating func send(_ packet: CirclePacket, through link: Int) {
    guard let connection = links[link].connection else {
      links[link].queue.append(packet)
      return
    }
    guard !connections[connection].isCut else { return }
    let soonest = max(arrival(), links[link].stalledUntil)
    let due = connections[connection].toBroker.due(soonest)
    agenda.plan(.message(connection: connection, packet), at: due)
  }

  /// Gives the connection up, with all that is on its way. The other side is told at once, late, or
  /// never.
  mutating func close(_ link: Int) {
    links[link].serial += 1
    links[link].queue = []
    guard let connection = links[link].connection else { return }
    links[link].connection = nil
    connections[connection].isOpen = false
    if connections[connection].isCut && chance(30) { return }
    let soonest = chance(85) ? later(50...5000) : later(100_000...5_000_000)
    let due = connections[connection].toBroker.due(max(soonest, links[link].stalledUntil))
    agenda.plan(.clientGone(connection: connection), at: due)
  }

  /// The connection has ended at the other side. It is made again by itself, maybe before the broker
  /// is told.
  mutating func noteEnd(of link: Int) {
    guard let connection = links[link].connection else { return }
    links[link].connection = nil
    connections[connection].isOpen = false
    let serial = links[link].serial
    // A loop that is busy hears of it late.
    let delay: ClosedRange<Int64> = chance(80) ? 100...5000 : 5000...1_000_000
    links[link].lostSerial = serial
    plan(.isLost(link: link, serial: serial), in: delay)
    plan(.connects(link: link, serial: serial), in: 10_000...50_000)
  }

  mutating func tellOfLoss(of link: Int, _ serial: Int) throws {
    guard links[link].serial == serial else { return }
    links[link].lostSerial = nil
    let peer = links[link].peer
    try tell(links[link].site) { $0.disconnected(peer: peer, now: $1) }
  }

  // MARK: Accidents

  mutating func cut(_ link: Int) {
    links[link].cutUntil = later(100_000...6_000_000)
    if let connection = links[link].connection { connections[connection].isCut = true }
  }

  mutating func breakDown(_ link: Int) {
    guard let connection = links[link].connection else { return }
    plan(.clientGone(connection: connection), in: 50...5000)
    noteEnd(of: link)
  }

  mutating func stall(_ link: Int) {
    links[link].stalledUntil = later(100_000...4_000_000)
  }

  /// From now on links do not fail any more; what was lost in them is. Those that stand still end.
  mutating func heal() {
    for link in links.indices {
      if links[link].stalledUntil > now { breakDown(link) }
      links[link].cutUntil = now
      links[link].stalledUntil = now
    }
  }
}
