/// What a worker says, which is always that it is ready: after it has connected, and with each
/// answer. Its frames:
///
///     READY name=workers-3 generation=7 supervisor=workers pid=812
///     database name=proj\n…           the list when `databases=` says that it has changed, else empty
///     OK job=17 try=1 rows=1 run_us=40 \
///     {"name":"WGS 84"}\n              / as often as it has answers
package struct WorkerReport: Equatable, Sendable {
  package var member: Member
  /// The supervisor that started it; nil for a worker that somebody started by hand.
  package var supervisor: String?
  package var pid: Int
  /// Whether the second frame has the list of databases.
  package var hasDatabases: Bool
  /// Whether it is about to end, and wants no further request.
  package var isStopping: Bool

  package init(
    member: Member, supervisor: String?, pid: Int, hasDatabases: Bool, isStopping: Bool = false
  ) {
    self.member = member
    self.supervisor = supervisor
    self.pid = pid
    self.hasDatabases = hasDatabases
    self.isStopping = isStopping
  }

  package var line: Line {
    Line("READY").with(member).with("supervisor", supervisor).with("pid", pid)
      .with("databases", hasDatabases ? "changed" : nil)
      .with("stopping", isStopping ? "yes" : nil)
  }

  package init?(_ line: Line) {
    guard line.word == "READY", let member = Member(line), let pid = line["pid"].flatMap(Int.init)
    else { return nil }
    self.init(
      member: member, supervisor: line["supervisor"], pid: pid,
      hasDatabases: line["databases"] != nil, isStopping: line["stopping"] != nil)
  }
}

/// Which run of which request a worker is told to do, and answers: the router's number of the
/// request, and how often it has been begun.
package struct Attempt: Hashable, Sendable {
  package let job: UInt64
  package let number: Int

  package init(job: UInt64, number: Int) {
    self.job = job
    self.number = number
  }

  /// Reads `job=` and `try=`.
  package init?(_ line: Line) {
    guard let job = line["job"].flatMap(UInt64.init), let number = line["try"].flatMap(Int.init)
    else { return nil }
    self.init(job: job, number: number)
  }
}

extension Line {
  package func with(_ attempt: Attempt) -> Line {
    with("job", attempt.job).with("try", attempt.number)
  }
}

/// What a worker answers about one attempt.
package struct AttemptResult: Equatable, Sendable {
  package var attempt: Attempt
  package var outcome: Outcome
  /// How long the engine took.
  package var runMicroseconds: Int64

  package init(attempt: Attempt, outcome: Outcome, runMicroseconds: Int64) {
    self.attempt = attempt
    self.outcome = outcome
    self.runMicroseconds = runMicroseconds
  }

  package var line: Line {
    outcome.line(Line("").with(attempt).fields).with("run_us", runMicroseconds)
  }

  package init?(_ line: Line) {
    guard let attempt = Attempt(line), let outcome = Outcome(line),
      let run = line["run_us"].flatMap(Int64.init)
    else { return nil }
    self.init(attempt: attempt, outcome: outcome, runMicroseconds: run)
  }
}

/// What a router replies to a worker that is ready. A REQ socket hears nothing else.
package enum WorkerCommand: Equatable, Sendable {
  /// Run this; the SQL and the parameters follow in two frames.
  case run(Job)
  /// Look again which databases there are, and say READY.
  case rescan
  /// You are not wanted any more: end.
  case bye

  package var line: Line {
    switch self {
    case .run(let job):
      Line("RUN").with(job.attempt)
        .with("db", job.database)
        .with("format", job.format.rawValue)
        .with("deadline", job.deadlineMilliseconds)
    case .rescan: Line("RESCAN")
    case .bye: Line("BYE")
    }
  }

  package init?(_ line: Line) {
    switch line.word {
    case "RUN":
      guard let attempt = Attempt(line), let database = line["db"],
        let format = line["format"].flatMap(Format.init),
        let deadline = line["deadline"].flatMap(Int.init)
      else { return nil }
      self = .run(
        Job(
          attempt: attempt, database: database, format: format,
          deadlineMilliseconds: deadline))
    case "RESCAN": self = .rescan
    case "BYE": self = .bye
    default: return nil
    }
  }
}

/// A statement that a worker is to run.
package struct Job: Equatable, Sendable {
  package var attempt: Attempt
  package var database: String
  package var format: Format
  /// What is left of the request's time.
  package var deadlineMilliseconds: Int

  package init(
    attempt: Attempt, database: String, format: Format, deadlineMilliseconds: Int
  ) {
    self.attempt = attempt
    self.database = database
    self.format = format
    self.deadlineMilliseconds = deadlineMilliseconds
  }
}
