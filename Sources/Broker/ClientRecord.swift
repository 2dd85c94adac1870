internal import DequeModule

/// A connection that has something in flight.
final class ClientRecord {
  /// Its requests without a final answer, in order of arrival.
  @exclusivity(unchecked) var numbers: Deque<UInt64> = []
  /// As how many they count.
  @exclusivity(unchecked) var count = 0
  /// The sum of their sizes.
  @exclusivity(unchecked) var bytes = 0
  /// As how many count those that wait, for a worker or for anything else.
  @exclusivity(unchecked) var waiting = 0
  /// As how many count those that wait for somebody to find their databases.
  @exclusivity(unchecked) var unresolved = 0
  /// The sum of the sizes of those that wait.
  @exclusivity(unchecked) var waitingBytes = 0
}
