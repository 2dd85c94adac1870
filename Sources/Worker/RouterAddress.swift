package import Toolkit
package import Wire
internal import ZeroMQ

/// Where a worker finds its router.
package struct RouterAddress: Sendable {
  /// The endpoint at which it takes workers.
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

  /// The router that takes workers of other hosts at this endpoint, and publishes beside it.
  package init(at endpoint: String) throws(ToolError) {
    try Endpoint.checkConnectToHost(endpoint)
    self.init(workers: endpoint, events: [try Endpoint.events(besideWorkers: endpoint)])
  }

  /// Which of the routers that are heard it is: in a directory that which takes workers there; where
  /// nobody else is heard, whoever that is. By what name others reach it, it cannot know.
  var known: String? { directory == nil ? nil : workers }

  func makeSubscriber(_ context: Context) throws(ToolError) -> Subscriber {
    try Subscriber(directory, endpoints: events, context: context)
  }
}
