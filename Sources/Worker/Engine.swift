package import Wire

/// What runs requests: the worker loop knows nothing else of it.
package protocol Engine {
  /// The databases that can be asked for, as they were last seen.
  var databases: [ServedDatabase] { get }

  /// A number that changes whenever `databases` does.
  var revision: Int { get }

  /// Looks again which databases there are.
  mutating func rescan()

  /// The files that are written to when a database changes: the database by each file's absolute
  /// path without symbolic links. Changes with `revision`.
  var watchedFiles: [String: String] { get }

  /// Something has happened to the files of these databases: what was replaced is let go of.
  mutating func filesChanged(_ databases: Set<String>)

  /// The version at which a database is now; nil when that cannot be told.
  mutating func version(of database: String) -> String?

  /// The runs until `endBatch` are of requests that came together, all of them before this call: they
  /// may share one look at a database.
  mutating func beginBatch()

  /// Lets go of what the batch has shared.
  mutating func endBatch()

  /// Runs a statement and appends its rows to the body, rendered in the job's format.
  ///
  /// At the job's `ifVersion` it runs nothing and answers `unchanged`.
  ///
  /// It may find that a database has come or gone; then `revision` changes. After a failure the
  /// body is not sent.
  ///
  /// With `chunkBytes` the result may be of any size: whenever the body has so many bytes at the end
  /// of a row, `send` gets it, and what follows begins anew. What remains at the end, perhaps nothing,
  /// stays in the body; the number of rows is that of all. The data does not change meanwhile. A
  /// failure may come when much was sent.
  ///
  /// - Parameters:
  ///   - sql: the statement's frame.
  ///   - parameters: the parameters' frame, JSON; empty when there are none.
  ///   - deadline: the monotonic time at which to give up with `deadline`.
  ///   - isAbandoned: whether nobody waits for the answer any more; then any failure will do. To be
  ///     asked while the request runs, in the same thread.
  ///   - chunkBytes: nil when one message is wanted.
  ///   - send: takes a chunk, whose bytes are there until it returns, and whether nobody can write to
  ///     the database as long as the run is not over; may wait for long. Returns
  ///     whether anybody wants more; then any failure will do.
  mutating func run(
    _ job: Job, sql: UnsafeRawBufferPointer, parameters: UnsafeRawBufferPointer,
    deadline: Instant, isAbandoned: @escaping () -> Bool, into body: inout ByteBuffer,
    chunkBytes: Int?, send: (UnsafeRawBufferPointer, Bool) -> Bool
  ) -> RunResult
}

extension Engine {
  package mutating func beginBatch() {}
  package mutating func endBatch() {}
}

/// What a run has come to.
package struct RunResult: Equatable, Sendable {
  package var outcome: Outcome
  /// The version of the database as the statement saw it; nil when it saw nothing of it, or that
  /// cannot be told. Equal versions mean equal data.
  package var version: String?

  package init(_ outcome: Outcome, version: String? = nil) {
    self.outcome = outcome
    self.version = version
  }
}
