internal import DequeModule

/// A connection that has something in flight.
final class ClientRecord {
  /// Its requests without a final answer, in order of arrival.
  var numbers: Deque<UInt64> = []
  /// The sum of their sizes.
  var bytes = 0
  /// How many of them wait, for a worker or for anything else.
  var waiting = 0
  /// The sum of the sizes of those.
  var waitingBytes = 0
}
