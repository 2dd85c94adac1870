internal import Wire

/// Idle workers look again which databases there are, one after the other: where one does not come back,
/// as from a file system that hangs, the others would not either.
struct Round {
  /// Those that are still to look, the next one last.
  var waiting: [PeerID]
  /// The one that looks, and until when it is waited for.
  var asked: (peer: PeerID, end: Instant)?
  /// They look for the unresolved requests up to this number.
  let last: UInt64
  let begun: Instant
}
