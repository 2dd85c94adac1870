/// What an operator can set.
package struct Configuration: Sendable {
  /// So many workers may die while they run a request; then it is answered `crashed`.
  package var tries = 3
  /// The time a request has that does not name its own.
  package var defaultDeadlineMilliseconds = 30_000
  /// The most time that a request gets, whatever it asks for.
  package var maxDeadlineMilliseconds = 86_400_000
  /// The most time that a request for one of these databases gets.
  package var databaseDeadlineMilliseconds: [String: Int] = [:]
  /// The bound on requests that wait, beyond which new ones are answered `busy`.
  package var maxQueuedRequests = 100_000
  /// The bound on the bytes of those requests.
  package var maxQueuedBytes = 256 << 20
  /// The bound on the requests that one connection may have without an answer.
  package var maxRequestsInFlight = 10_000
  /// So many workers are kept for statements whose runs so far were short.
  package var reservedWorkers = 0
  /// When so many workers have joined, no others are waited for at the start; nil when nobody knows.
  package var expectedWorkers: Int?
  /// By what other brokers know this one: another name each time that it starts.
  package var broker = ""
  /// The endpoints of brokers to which requests may be handed.
  package var peers: [String] = []

  package init() {}
}

/// What nobody needs to set.
enum Constants {
  /// After its deadline, a request is left to the worker that runs it for so long: the worker ends
  /// itself 500 ms after the deadline when it can do nothing else, and that takes a moment to be
  /// known.
  static let graceMilliseconds = 750
  /// So long after its start a router waits for workers before it says that there are none.
  static let settleMilliseconds = 2000
  /// A supervisor that has not been heard for so long is gone, and its workers with it. It
  /// publishes its state every second.
  static let silenceMilliseconds = 3500
  /// A database that may have changed is looked at also while requests wait when it was to be so long ago.
  static let lateCheckMilliseconds = 10
  /// A look at a database's version holds others up for so long at most: whoever looks ends itself after 2.5 s.
  static let lookMilliseconds = 3000
  /// A worker that looks which databases there are is waited for so long.
  static let rescanMilliseconds = 1000
  /// The databases of a supervisor's workers, or of a peer, that was lost are expected back for so long.
  static let returnMilliseconds = 10_000
  /// One connection is shown something at most once in so long.
  static let showMilliseconds = 10
  /// A worker sends a result that has no end yet when there are so many bytes of it.
  static let chunkBytes = 256 << 10
  /// A reader that wants nothing more yet keeps its worker so long when nobody else wants that, when
  /// somebody does and no worker is idle, and when all other workers are kept so as well.
  static let idleStallMilliseconds = 60_000
  static let stallMilliseconds = 1000
  static let lastStallMilliseconds = 100
  /// What a worker gets at once, at most: requests, their bytes, and the time that they are expected
  /// to take, each but for the last.
  static let batchRequests = 128
  static let batchBytes = 256 << 10
  static let batchMicroseconds: Int64 = 1000
  /// The share of the queue, in requests and in bytes, that one connection may fill: a fourth.
  static let queueShares = 4
  /// When one has not come back from that, no other one looks for so long.
  static let lostRoundMilliseconds = 10_000
  /// After all have looked for names that nobody has, the next who ask wait so many times as long
  /// as that took.
  static let roundPause: Int64 = 4
  /// When to try again after `busy` or `draining`.
  static let busyRetryMilliseconds = 100
  /// The same when as many wait for changes at a peer as may.
  static let watchRetryMilliseconds = 1000
  /// How often a peer is asked how much it can take.
  static let peerQuestionMilliseconds = 250
  /// A peer that has said nothing for so long is lost, and connected to anew.
  static let peerSilenceMilliseconds = 1500
  /// One that has not said anything yet gets more time with each attempt, up to so much: to connect takes
  /// several times as long as to be answered.
  static let peerJoinMilliseconds = 6000
  /// A worker looks at most once in so long which databases there are that other brokers can be offered.
  static let askersLookMilliseconds = 1000
  /// So many connections are known to be other brokers'.
  static let maxAskers = 1000
  /// A peer gets so many quick requests for each of its workers, or one other.
  static let handedPerWorker = batchRequests
  /// With so many bytes of requests a peer has enough, whatever it says; the queue is bounded likewise.
  static let maxHandedBytes = 64 << 20
  static let drainingRetryMilliseconds = 500
}
