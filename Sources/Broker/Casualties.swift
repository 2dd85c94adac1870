import Wire

/// The workers that died of what they ran, until their successors are there.
///
/// A restart takes its time, and whoever sends one poison after the other could empty the pool in
/// that time, always in other words. So when too many are away, those wait on whose account that is.
struct Casualties {
  /// A successor that has not come by then is not waited for, in milliseconds.
  static let patience = 1000

  private struct Casualty {
    let client: PeerID
    let end: Instant
  }

  /// By the names of the workers.
  private var away: [String: Casualty] = [:]

  /// When `expire` has something to do.
  var nextEnd: Instant? { away.values.map(\.end).min() }

  /// A worker has died of a request of this client.
  mutating func died(_ worker: String, of client: PeerID, now: Instant) {
    away[worker] = Casualty(client: client, end: now.adding(milliseconds: Self.patience))
  }

  /// A worker of this name is there.
  mutating func returned(_ worker: String) {
    away[worker] = nil
  }

  mutating func expire(_ now: Instant) {
    away = away.filter { $0.value.end > now }
  }

  /// Whether what may kill one more has to wait: so many are away, beside those that are there.
  /// One is no reason, as what its death interrupted must not wait.
  func areTooMany(besides present: Int) -> Bool {
    away.count >= 2 && away.count >= (away.count + present) / 2
  }

  func include(victimsOf client: PeerID) -> Bool {
    away.values.contains { $0.client == client }
  }
}
