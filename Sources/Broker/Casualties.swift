import Wire

/// The workers that died of what they ran, until their successors are there, and who sent that.
///
/// A restart takes its time, and whoever sends one poison after the other could empty the pool in
/// that time, always in other words. So what may kill one more waits when too many are away; and a
/// client that was not hit by chance has one away at a time. A client is a connection, whatever the
/// envelopes in it.
struct Casualties {
  /// A successor that has not come by then is not waited for, and a client that has killed nobody
  /// since then is like any other: in milliseconds.
  static let patience = 1000
  /// So many deaths in a row are no chance.
  private static let chance = 1

  private struct Casualty {
    /// Nil when it is not known of whose request the worker died.
    let client: PeerID?
    let end: Instant
  }

  private struct Record {
    var deaths = 0
    var end: Instant
  }

  /// By the names of the workers' processes.
  private var away: [String: Casualty] = [:]
  /// How many died of what a client sent, since something that one had died of was survived.
  private var records: [PeerID: Record] = [:]

  /// When `expire` has something to do.
  var nextEnd: Instant? {
    if away.isEmpty && records.isEmpty { return nil }
    return (away.values.map(\.end) + records.values.map(\.end)).min()
  }

  /// A worker has died of a request of this client, or of one of several.
  mutating func died(_ worker: String, of client: PeerID?, now: Instant) {
    let end = now.adding(milliseconds: Self.patience)
    away[worker] = Casualty(client: client, end: end)
    guard let client else { return }
    records[client, default: Record(end: end)].deaths += 1
    records[client]?.end = end
  }

  /// A worker has lived through what another one had died of.
  mutating func survived(_ client: PeerID) {
    records[client] = nil
  }

  /// A worker of this name is there.
  mutating func returned(_ worker: String) {
    away[worker] = nil
  }

  mutating func expire(_ now: Instant) {
    away = away.filter { $0.value.end > now }
    records = records.filter { $0.value.end > now }
  }

  /// Whether what may kill one more has to wait: so many are away, beside those that are there.
  /// One is no reason, as what its death interrupted must not wait.
  func areTooMany(besides present: Int) -> Bool {
    away.count >= 2 && away.count >= (away.count + present) / 2
  }

  /// Whether a client has to wait for the successors of those that it has killed.
  func hold(_ client: PeerID, besides present: Int) -> Bool {
    guard !away.isEmpty, away.values.contains(where: { $0.client == client }) else { return false }
    return records[client]?.deaths ?? 0 > Self.chance || areTooMany(besides: present)
  }
}
