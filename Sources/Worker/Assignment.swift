package import Wire

/// An attempt, and which router has given it: another one does not wait for it.
package struct Assignment: Hashable, Sendable {
  // Compared first, as it differs sooner.
  package let attempt: Attempt
  package let router: PublisherIdentity

  package init(attempt: Attempt, router: PublisherIdentity) {
    self.attempt = attempt
    self.router = router
  }
}
