package import Wire

/// What the broker wants done. The order matters.
package enum Effect<Request: Statement, Body> {
  /// Answer a client: the line, and the rows if there are any.
  case answer(Request, Line, Rows<Body>?)
  /// Give an attempt at a request to a worker that waits for its reply. When it cannot be sent, the
  /// broker must hear so: `unreachable`.
  case run(PeerID, Job, Request)
  /// Reply to a waiting worker with something else than a job.
  case tell(PeerID, WorkerCommand)
  /// Publish an event.
  case publish(Line)
}

/// The rows of an answer.
package enum Rows<Body> {
  /// As the worker rendered them.
  case rendered(Body)
  /// The broker's own, to be rendered.
  case values(columns: [String], rows: [[Value]], format: Format)
}
