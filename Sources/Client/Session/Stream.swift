internal import DequeModule
internal import ZeroMQ

/// The one result that arrives in chunks, each of which is printed before more are asked for.
struct Stream {
  let slot: Int
  /// Chunks that have come; the numbers of the next ones follow.
  var received = 0
  /// Chunks that have been asked for.
  var granted: Int
  /// Chunks that have come and are not printed.
  var waiting: Deque<Part> = []
  /// Whether any have been given out to be printed.
  var hasPrinted = false
  /// Bytes that have come.
  var bytes = 0
}
