package import Wire

/// A router for as long as there is a connection to it: with the same incarnation, too, all begins anew
/// after a loss.
package struct Contact: Hashable, Sendable {
  package let router: PublisherIdentity
  /// How many were lost before.
  let losses: Int
}
