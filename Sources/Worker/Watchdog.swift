package import Wire

/// Until when a run has to be over, whether anybody waits for it still, and whether it is overdue. To look
/// at a database's version, of which nobody has said until when, is a run as well.
///
/// An engine notices by itself that its time is over or that nobody waits any more, except where it
/// cannot be interrupted. What is not over a grace after that will not end in time, if ever.
package struct Watchdog {
  /// How long an engine may take to notice.
  package static let graceMilliseconds = 500
  /// How long it may take to look at a version, which waits for locks for 50 ms at most.
  static let lookMilliseconds = 2000

  /// What should have ended a run.
  package enum Cause: Sendable {
    /// Its time is over.
    case deadline
    /// The router has taken it back.
    case cancellation
    /// Another incarnation has taken the router's place, and does not know it.
    case replacement
    /// The router cannot be reached any more.
    case separation
  }

  /// A run that could not be interrupted.
  package struct Overdue: Equatable, Sendable {
    /// Nil when it was a look at a version.
    package let attempt: Attempt?
    package let cause: Cause
  }

  private struct Run {
    /// Nil for a look at a version.
    let assignment: Assignment?
    /// When it should have ended, and why then.
    var end: Instant
    var cause = Cause.deadline
    var isAbandoned = false
    var isReported = false
  }

  private var run: Run?

  /// What runs.
  var assignment: Assignment? { run?.assignment }

  mutating func begin(_ assignment: Assignment, deadline: Instant) {
    run = Run(assignment: assignment, end: deadline)
  }

  package mutating func beginLook(now: Instant) {
    run = Run(assignment: nil, end: now.adding(milliseconds: Self.lookMilliseconds))
  }

  package mutating func end() { run = nil }

  /// The router has taken an assignment back; another one than that which runs is not touched.
  mutating func cancel(_ assignment: Assignment, now: Instant) {
    if run?.assignment == assignment { abandon(.cancellation, now) }
  }

  /// This is the current router.
  mutating func follow(_ router: PublisherIdentity, now: Instant) {
    if let assignment, assignment.router != router { abandon(.replacement, now) }
  }

  /// There is no connection to the router any more.
  mutating func separate(now: Instant) {
    if assignment != nil { abandon(.separation, now) }
  }

  private mutating func abandon(_ cause: Cause, _ now: Instant) {
    run?.isAbandoned = true
    guard let end = run?.end, now < end else { return }
    run?.end = now
    run?.cause = cause
  }

  /// Whether nobody waits any more for what runs.
  package var isAbandoned: Bool { run?.isAbandoned ?? false }

  /// When the run will be overdue; nil when nothing runs, or it has been told.
  package var limit: Instant? {
    guard let run, !run.isReported else { return nil }
    return run.end.adding(milliseconds: Self.graceMilliseconds)
  }

  /// Tells once of a run that is overdue.
  package mutating func tick(now: Instant) -> Overdue? {
    guard let limit, let run, now >= limit else { return nil }
    self.run?.isReported = true
    return Overdue(attempt: run.assignment?.attempt, cause: run.cause)
  }
}
