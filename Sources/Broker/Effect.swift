package import Wire

/// What the broker wants done. The order matters, except that what is to be run may go first.
package enum Effect {
  /// Send a client a part of its result: the line, and the part. When there is no room for it, the
  /// broker must hear so, by the request's number: `unread`.
  case chunk(UInt64, any Statement, Line, Body)
  /// Answer a client for good: the line, and the rows if there are any.
  case answer(any Statement, Line, Rows?)
  /// Give attempts at requests to a worker that waits for its reply, to be run one after the other.
  /// When that cannot be sent, the broker must hear so: `unreachable`.
  case run(PeerID, [Order])
  /// Reply to a waiting worker with something else than a job.
  case tell(PeerID, WorkerCommand)
  /// Hand requests to a peer, by its number among the configuration's.
  case hand(Int, [Handover])
  /// Tell or ask a peer something else.
  case tellPeer(Int, ClientMessage)
  /// Give the connection to a peer up, with all that is on its way, and make another one.
  case reconnect(Int)
  /// Publish an event.
  case publish(Line)
}

/// One of the attempts that a worker is given.
package struct Order {
  package let job: Job
  package let request: any Statement
}

/// A request as it is handed to a peer.
package struct Handover {
  package let query: Query
  package let request: any Statement
}

/// The rows of an answer.
package enum Rows {
  /// As they are.
  case bytes([UInt8])
  /// As the worker rendered them.
  case rendered(Body)
  /// The broker's own, to be rendered.
  case values(columns: [String], rows: [[Value]], format: Format)
}
