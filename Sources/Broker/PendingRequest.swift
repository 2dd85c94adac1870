internal import Wire

/// A request that has no final answer yet.
struct PendingRequest<Request> {
  enum State {
    /// In the queue.
    case queued
    /// Nobody is known to have the database: workers look again first.
    case unresolved
    /// A worker has it.
    case running(PeerID)
  }

  /// The client's connection and envelope.
  let client: PeerID
  let message: ClientMessage
  /// What the loop needs to pass it on and to answer it.
  let payload: Request
  /// In bytes, as counted against the queue's bound.
  let size: Int
  let arrival: Instant
  let deadline: Instant
  var state = State.queued
  /// How often it has been begun.
  var tries = 0
  /// How many workers died while they ran it.
  var deaths = 0
  /// When a worker got it last.
  var begun: Instant?

  var id: String? {
    switch message {
    case .query(let query): query.id
    case .show(let show): show.id
    case .cancel(let id): id
    }
  }

  /// The database it asks for; nil when it asks the router itself.
  var database: String? {
    switch message {
    case .query(let query): query.database
    case .show, .cancel: nil
    }
  }
}
