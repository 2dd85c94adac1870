/// What bounds a session.
package struct Settings: Sendable {
  /// The time that a request has, from when it was read.
  package var timeoutMilliseconds = 30_000
  /// How often a request is sent before it is given up, if its time is not over before.
  package var tries = Int.max
  /// Requests that have been read and not yet printed.
  package var window = 256
  /// Bytes of such requests, and of answers that wait for earlier ones: above, nothing is read.
  package var maxRequestBytes = 16 << 20
  package var maxAnswerBytes = 64 << 20

  /// How long the router may take to tell that the time is over.
  package static let graceMilliseconds = 1000
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
