internal import Wire

/// Idle workers look again which databases there are: first one, and when it has come back all others.
/// Where that one does not come back, as from a file system that hangs, the others would not either.
struct Round {
  /// Whether only the first one looks.
  var isScouting = true
  /// Those that look.
  var asked: Set<PeerID>
  /// Those that are still to look.
  var waiting: [PeerID]
  /// They look for the unresolved requests up to this number.
  let last: UInt64
  let begun: Instant
  /// Who has not come back then is waited for no longer.
  var end: Instant

  init(scout: PeerID, _ others: [PeerID], last: UInt64, begun: Instant, end: Instant) {
    asked = [scout]
    waiting = others
    self.last = last
    self.begun = begun
    self.end = end
  }
}
