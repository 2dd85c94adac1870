internal import Wire

/// Another broker, to which requests may be handed.
final class PeerBroker {
  let endpoint: String
  /// What it last said of itself; nil when it is not there.
  var capacity: PeerCapacity?
  /// Its databases, as long as it is there.
  var names: Set<String> = []
  /// Those that it had when it last said so, be it there or not; and as long as it is starting, those that
  /// it had before as well.
  var latestNames: Set<String> = []
  /// Of that list; -1 for none.
  var revision = -1
  /// Those that it had when it was lost, as long as it may come back with them.
  private(set) var expectedNames: Set<String> = []
  private var expectedUntil = Instant.start
  /// Whether it was said that it is not there, since it last was.
  var isMissed = false
  var lastHeard: Instant
  /// How long the next attempt to reach it may take, in milliseconds.
  private var patience = Constants.peerSilenceMilliseconds
  private(set) var nextQuestion: Instant
  /// What it has, with the share of a worker that each is counted for.
  private(set) var handed: [UInt64: (units: Int, bytes: Int)] = [:]
  private var load = 0
  /// How many of that wait there for a change, which is nobody's time.
  private(set) var watches = 0
  /// In bytes, as they were counted while they waited.
  private var handedBytes = 0
  /// It has refused something: nothing more until it says again what it can take.
  var isFull = false
  /// How many requests it has answered.
  @exclusivity(unchecked) var answered = 0

  init(_ endpoint: String, now: Instant) {
    self.endpoint = endpoint
    lastHeard = now
    nextQuestion = now
  }

  /// When it is to be asked, counts as lost, or is no longer expected back.
  var nextDue: Instant {
    var due = min(nextQuestion, silenceEnd)
    if !expectedNames.isEmpty { due = min(due, expectedUntil) }
    return due
  }

  var silenceEnd: Instant {
    lastHeard.adding(
      milliseconds: capacity == nil ? patience : Constants.peerSilenceMilliseconds)
  }

  func asked(_ now: Instant) {
    nextQuestion = now.adding(milliseconds: Constants.peerQuestionMilliseconds)
  }

  func hand(_ number: UInt64, countedAs units: Int, size: Int) {
    handed[number] = (units, size)
    load += units
    if units == 0 { watches += 1 }
    handedBytes += size
  }

  func release(_ number: UInt64) {
    guard let request = handed.removeValue(forKey: number) else { return }
    load -= request.units
    if request.units == 0 { watches -= 1 }
    handedBytes -= request.bytes
  }

  /// Whether a request waits there for a change.
  func keepsWatch(_ number: UInt64) -> Bool { handed[number]?.units == 0 }

  /// How many may; `bound` when it has not said so.
  func takesWatches(upTo bound: Int) -> Bool { watches < capacity?.watches ?? bound }

  /// How many more requests that do not wait for changes it takes: of them and those that do the same number.
  var seats: Int { capacity?.watches.map { max(1, $0) - (handed.count - watches) } ?? .max }

  /// How much more it can take, in quick requests.
  /// - Parameter isOnlyOne: whether what is asked for is nowhere else: then its other requests are no
  ///   reason to wait, as everybody has his turn there.
  func room(isOnlyOne: Bool) -> Int {
    guard let capacity, !isFull, handedBytes < Constants.maxHandedBytes else { return 0 }
    let free = isOnlyOne ? capacity.workers : capacity.workers - capacity.others
    return min(free * Constants.handedPerWorker - load, seats)
  }

  /// Whether what it was handed keeps all of its workers.
  var isKept: Bool { capacity != nil && !isFull && room(isOnlyOne: true) <= 0 }

  /// It is not there any more, but may come back.
  func lose(_ now: Instant) {
    patience =
      capacity == nil
      ? min(2 * patience, Constants.peerJoinMilliseconds) : Constants.peerSilenceMilliseconds
    if !names.isEmpty {
      expectedNames.formUnion(names)
      expectedUntil = now.adding(milliseconds: Constants.returnMilliseconds)
    }
    names = []
    revision = -1
    capacity = nil
    isFull = false
    lastHeard = now
    nextQuestion = now
  }

  /// It has said what it has, or has been away for too long. Returns whether names were still expected.
  func forgetExpected(_ now: Instant, isBack: Bool) -> Bool {
    guard !expectedNames.isEmpty, isBack || now >= expectedUntil else { return false }
    expectedNames = []
    return true
  }
}
