package import Toolkit

/// A client in the router's own process: the router does not end before that has printed its answers.
package final class InnerClient: Sendable {
  /// Rung for the client, and never answered, when the router takes nothing new any more.
  package let draining: Doorbell
  /// Rung by the client when it is done.
  package let done: Doorbell
  /// Whether the router ends when its client is done, and everybody else has their answers.
  let isLast: Bool

  package init(isLast: Bool) throws(ToolError) {
    draining = try Doorbell()
    done = try Doorbell()
    self.isLast = isLast
  }
}
