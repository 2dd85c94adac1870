package import Wire

/// An attempt, and which router has given it: another one counts its requests anew.
package struct Assignment: Hashable, Sendable {
  package let router: PublisherIdentity
  package let attempt: Attempt

  package init(router: PublisherIdentity, attempt: Attempt) {
    self.router = router
    self.attempt = attempt
  }
}
