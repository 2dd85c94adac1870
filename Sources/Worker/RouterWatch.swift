internal import Toolkit
internal import Wire
internal import ZeroMQ

/// What a worker hears of its router and of its own supervisor, also in the middle of a request.
final class RouterWatch {
  /// How often a running request looks, in milliseconds.
  private static let lookMilliseconds = 20

  private let endpoint: String
  private let member: Member
  private var subscriber: Subscriber
  /// The incarnation of the router that was last heard.
  private(set) var router: PublisherIdentity?
  /// Whether the supervisor has announced this worker's end.
  private(set) var isStopping = false
  private var nextLook = Instant.start

  /// - Parameter endpoint: where the router takes workers, by which it is known.
  init(_ endpoint: String, _ member: Member, _ subscriber: consuming Subscriber) {
    self.endpoint = endpoint
    self.member = member
    self.subscriber = subscriber
  }

  /// Adds two items to a poll set.
  func add(to poll: inout PollSet) {
    poll.add(subscriber.socket)
    poll.add(descriptor: subscriber.watch.number)
  }

  /// Takes in what has come.
  func listen() throws(ToolError) {
    try subscriber.followChanges()
    while let publication = try subscriber.receive() {
      let line = publication.line
      if line["role"] == "router" && line["workers"] == endpoint {
        router = publication.publisher
      } else if line.word == "worker.stopping" && Member(line) == member {
        isStopping = true
      }
    }
  }

  /// Whether another incarnation has taken the place of the router that gave a request: then nobody
  /// waits for its answer. Cheap enough to be asked at any time.
  func hasReplaced(_ giver: PublisherIdentity?) -> Bool {
    let now = Clock.now()
    if now >= nextLook {
      nextLook = now.adding(milliseconds: Self.lookMilliseconds)
      // An error comes again where it is dealt with, as soon as the request has ended.
      try? listen()
    }
    return router != giver
  }
}
