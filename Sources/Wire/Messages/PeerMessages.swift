/// What a router asks one that it can hand requests to, as often as it wants to know.
///
///     PEER broker=5f3a91c07d22 revision=4
package struct PeerQuestion: LineMessage, Equatable, Sendable {
  /// In bytes.
  private static let maxBroker = 32

  /// The name of who asks: every router has another one each time that it starts.
  package var broker: String
  /// Of the list of databases that the last answer has told.
  package var revision: Int

  package init(broker: String, revision: Int) {
    self.broker = broker
    self.revision = revision
  }

  /// Whether this can be a router's name.
  static func isBroker(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= maxBroker && !name.utf8.contains(UInt8(ascii: ","))
  }

  package var line: Line {
    Line("PEER").with("broker", broker).with("revision", revision)
  }

  package init?(_ line: LineView) {
    guard line.isWord("PEER"), let broker = line["broker"]?.text, Self.isBroker(broker),
      let revision = line["revision"]?.int
    else { return nil }
    self.init(broker: broker, revision: revision)
  }
}

/// What a router answers to that. A list of its databases follows in a frame when it is another one
/// than that of the revision that was asked with. Whoever asks again too soon gets `busy`.
///
///     CAPACITY broker=9c11d3f0a2b7 workers=4 others=2 watches=5000 revision=5 databases=changed
package struct PeerCapacity: LineMessage, Equatable, Sendable {
  /// Of workers and of requests.
  private static let most = 1_000_000_000

  package var broker: String
  /// How many workers it has; none when it takes nothing.
  package var workers: Int
  /// How many requests its workers have to run that did not come from who asks.
  package var others: Int
  /// How many requests that wait for a change it takes of who asks, and as many others; nil when it does not
  /// say so.
  package var watches: Int?
  /// Of its list of databases.
  package var revision: Int
  /// Whether that follows.
  package var hasDatabases: Bool
  /// Whether it has just started: then its workers may have more databases than it has heard of.
  package var isStarting: Bool

  package init(
    broker: String, workers: Int, others: Int, watches: Int? = nil, revision: Int,
    hasDatabases: Bool, isStarting: Bool = false
  ) {
    self.broker = broker
    self.workers = workers
    self.others = others
    self.watches = watches
    self.revision = revision
    self.hasDatabases = hasDatabases
    self.isStarting = isStarting
  }

  package var line: Line {
    Line("CAPACITY").with("broker", broker).with("workers", workers).with("others", others)
      .with("watches", watches).with("revision", revision)
      .with("databases", hasDatabases ? "changed" : nil)
      .with("starting", isStarting ? 1 : nil)
  }

  package init?(_ line: LineView) {
    guard line.isWord("CAPACITY"), let broker = line["broker"]?.text,
      PeerQuestion.isBroker(broker), let workers = line["workers"]?.int,
      (0...Self.most).contains(workers), let others = line["others"]?.int,
      (0...Self.most).contains(others), let revision = line["revision"]?.int
    else { return nil }
    self.init(
      broker: broker, workers: workers, others: others, watches: line["watches"]?.int,
      revision: revision, hasDatabases: line["databases"] != nil,
      isStarting: line["starting"] != nil)
  }
}

/// What a router answers about a request that was handed to it.
package struct PeerAnswer: LineMessage, Equatable, Sendable {
  /// The longest name of a worker, in bytes.
  private static let maxWorker = 255

  package enum Content: Equatable, Sendable {
    /// A part of the result; there is more.
    case chunk
    case outcome(Outcome)
  }

  package var attempt: Attempt
  package var content: Content
  package var version: String?
  /// The name of the worker there.
  package var worker: String?
  package var runMicroseconds: Int64?

  package init(
    attempt: Attempt, content: Content, version: String? = nil, worker: String? = nil,
    runMicroseconds: Int64? = nil
  ) {
    self.attempt = attempt
    self.content = content
    self.version = version
    self.worker = worker
    self.runMicroseconds = runMicroseconds
  }

  package init?(_ line: LineView) {
    guard let attempt = line["id"].flatMap({ Attempt(handedAs: $0.text) }) else { return nil }
    let content: Content
    if line.isWord("MORE") {
      content = .chunk
    } else if let outcome = Outcome(line) {
      content = .outcome(outcome)
    } else {
      return nil
    }
    let version = line["version"]?.text
    let worker = line["worker"]?.text
    let run = line["run_us"]?.int64
    guard version?.utf8.count ?? 0 <= ClientMessage.maxVersionLength,
      worker?.utf8.count ?? 0 <= Self.maxWorker,
      (0...Int64(ClientMessage.maxDeadlineMilliseconds) * 2000).contains(run ?? 0)
    else { return nil }
    self.init(
      attempt: attempt, content: content, version: version, worker: worker, runMicroseconds: run)
  }
}

extension Attempt {
  /// The `id=` under which it is handed to another router: `17.1`.
  package var handedID: String { "\(job).\(number)" }

  /// Reads such an id.
  package init?(handedAs id: String) {
    let parts = id.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let job = UInt64(parts[0]), let number = Int(parts[1]) else {
      return nil
    }
    self.init(job: job, number: number)
  }
}
