package import Toolkit
package import Wire
internal import ZeroMQ

/// Where a worker finds its router.
package struct RouterAddress: Sendable {
  /// The endpoint at which it takes workers, by which it is known in all that is published.
  package let workers: String
  /// The directory whose publishers are heard, if there is one.
  package let directory: RunDirectory?
  /// The endpoints of other publishers that are heard.
  package let events: [String]
  /// The router itself, where it is known before it is heard.
  package let identity: PublisherIdentity?

  package init(
    workers: String, directory: RunDirectory? = nil, events: [String] = [],
    identity: PublisherIdentity? = nil
  ) {
    self.workers = workers
    self.directory = directory
    self.events = events
    self.identity = identity
  }

  /// The router of a run directory.
  package init(of directory: RunDirectory) {
    self.init(workers: directory.workers, directory: directory)
  }

  func makeSubscriber(_ context: Context) throws(ToolError) -> Subscriber {
    try Subscriber(directory, endpoints: events, context: context)
  }
}
