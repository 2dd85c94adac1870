/// What bounds a session.
package struct Settings: Sendable {
  /// The time that a request has, from when it was read.
  package var timeoutMilliseconds = 30_000
  /// How often a request is sent before it is given up, if its time is not over before.
  package var tries = Int.max
  /// So often a request is sent again whose answer was dropped although it was its turn.
  package static let maxDrops = 8
  /// Whether results are printed in the order of the requests, or as they come.
  package var isOrdered = true
  /// The most requests without an answer; how many there are meanwhile, `Window` says.
  package var window = 4096
  /// Bytes of requests that have been read and not yet printed, and of answers that wait for earlier
  /// ones: above, nothing is read.
  package var maxRequestBytes = 16 << 20
  package var maxAnswerBytes = 24 << 20
  /// Bytes of a result that has to be whole before it is shown; nil when it is printed as it comes.
  package var maxWholeBytes: Int?

  /// So many chunks of a stream are asked for ahead of what has been printed.
  package static let streamCredit = 4
  /// How long the router may take to tell that the time is over.
  package static let graceMilliseconds = 1000
  /// The last part of that, which begins when the answer is missed: it may be here, and not be received
  /// yet, when this process has stood still.
  static let receiveMilliseconds = 250
  /// How long the first connection may take.
  ///
  /// Without a cluster the tool is to end within a second.
  package static let connectMilliseconds = 800
  /// How long a lost router may take to come back.
  package static let reconnectMilliseconds = 10_000
  /// What a router that says `busy` without `retry_ms=` is given.
  package static let retryMilliseconds = 100

  package init() {}
}
