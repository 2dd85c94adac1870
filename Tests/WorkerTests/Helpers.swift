import Wire

@testable import Worker

extension Instant {
  /// A time of the tests, in milliseconds.
  static func at(_ milliseconds: Int) -> Instant { start.adding(milliseconds: milliseconds) }
}

extension PublisherIdentity {
  /// An incarnation of the tests' router.
  static func router(_ incarnation: Int64, _ name: String = "router") -> PublisherIdentity {
    PublisherIdentity(name: name, incarnation: incarnation)
  }
}

extension Assignment {
  init(_ job: UInt64, _ number: Int = 1, by router: PublisherIdentity = .router(1)) {
    self.init(attempt: Attempt(job: job, number: number), router: router)
  }
}
