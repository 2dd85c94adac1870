internal import Broker

/// Which connections of a ROUTER are open.
///
/// A monitor tells of connections by their descriptors, which are used again and again; a message
/// has its sender's routing id, and the descriptor on which it came. What brings the two together is
/// that a connection is reported as accepted before its first message can be received. So with all
/// reports taken in, the sender is one of those that the descriptor was accepted for, and gone for
/// certain when they all are. When it takes a later connection's place here, because it had gone and
/// the descriptor was used again before anyone looked, then it ends with that one: late, but no
/// connection ever ends early. This holds as long as a single thread accepts connections.
struct Connections {
  private struct Descriptor {
    /// How many connections were accepted on it that have not been reported as disconnected.
    var open = 0
    /// Those that were heard since the last one was accepted.
    var peers: [PeerID] = []
  }

  private var descriptors: [Int32: Descriptor] = [:]
  private var known: [PeerID: Int32] = [:]

  /// How many descriptors are in use.
  var count: Int { descriptors.count }

  /// A connection was accepted. Returns the peers whose connections have ended.
  mutating func accepted(_ descriptor: Int32) -> [PeerID] {
    // It was given out again, so whoever had it before is gone.
    let ended = forgetPeers(of: descriptor)
    change(descriptor, by: 1)
    return ended
  }

  /// A connection has ended. Returns its peer, if that was ever heard.
  mutating func disconnected(_ descriptor: Int32) -> [PeerID] {
    let isLast = descriptors[descriptor]?.open ?? 0 <= 1
    let ended = isLast ? forgetPeers(of: descriptor) : []
    change(descriptor, by: -1)
    return ended
  }

  /// Whether `heard` has nothing to learn from another message of this peer.
  func isKnown(_ peer: PeerID) -> Bool { peer.isUnique && known[peer] != nil }

  /// A message was received, and after that all the monitor's reports were taken in. Returns whether
  /// its sender may be there still.
  mutating func heard(_ peer: PeerID, on descriptor: Int32) -> Bool {
    guard descriptors[descriptor] != nil else { return false }
    if let earlier = known[peer] {
      descriptors[earlier]?.peers.removeAll { $0 == peer }
    }
    known[peer] = descriptor
    descriptors[descriptor]?.peers.append(peer)
    return true
  }

  private mutating func forgetPeers(of descriptor: Int32) -> [PeerID] {
    guard let peers = descriptors[descriptor]?.peers else { return [] }
    descriptors[descriptor]?.peers = []
    for peer in peers { known[peer] = nil }
    return peers
  }

  private mutating func change(_ descriptor: Int32, by difference: Int) {
    descriptors[descriptor, default: Descriptor()].open += difference
    if descriptors[descriptor]?.open == 0 { descriptors[descriptor] = nil }
  }
}

extension PeerID {
  /// Whether ZeroMQ chose it, for one connection: five bytes, the first of which is zero. A peer that
  /// chose its own may come back with it.
  var isUnique: Bool {
    guard case .short(let word) = self else { return false }
    return word & 0xffff == 5
  }
}
