/// What a worker says, which is always that it is ready: after it has connected, and with each
/// answer. Its frames:
///
///     READY name=workers-3 generation=7 supervisor=workers pid=812
///     database name=proj\n…           the list when `databases=` says that it has changed, else empty
///     43:OK job=17 try=1 rows=1 version=5f3a91 run_us=40,18:{"name":"WGS 84"}\n,43:OK job=18 …,
///     {"name":"WGS 72"}\n
///
/// The last two are there if it has answers: netstrings, a line and its rows for each, but for the
/// last one's rows, which may be large and have a frame of their own.
///
/// Of a result that comes in chunks, all but the last come so, and instead of being ready the worker
/// waits for `GO` or `STOP`; the netstrings are what it has answered before, if anything, with all rows:
///
///     MORE name=workers-3 generation=7 job=17 try=1
///     {"name":"WGS 84"}\n…
///     43:OK job=16 try=1 rows=1 …,18:{"name":"WGS 72"}\n,…
///
/// What it was asked by `CHECK` it answers as well so: `VERSION db=proj version=5f3a91`, and no rows.
///
/// An object, as a router that knows it already copies it often.
package final class WorkerReport: LineMessage, Sendable {
  package let member: Member
  /// The supervisor that started it; nil for a worker that somebody started by hand.
  package let supervisor: String?
  /// The name of the process that it is a thread of; nil for a worker that is a process itself. They
  /// have one generation.
  package let process: String?
  /// The thread in whose place it is, as that did not come back from what it runs.
  package let replaced: String?
  package let pid: Int
  /// Whether the second frame has the list of databases.
  package let hasDatabases: Bool
  /// Whether it is about to end, and wants no further request.
  package let isStopping: Bool

  package init(
    member: Member, supervisor: String?, process: String? = nil, replaced: String? = nil,
    pid: Int, hasDatabases: Bool, isStopping: Bool = false
  ) {
    self.process = process
    self.replaced = replaced
    self.member = member
    self.supervisor = supervisor
    self.pid = pid
    self.hasDatabases = hasDatabases
    self.isStopping = isStopping
  }

  package var line: Line {
    Line("READY").with(member).with("supervisor", supervisor).with("process", process)
      .with("replaced", replaced).with("pid", pid)
      .with("databases", hasDatabases ? "changed" : nil)
      .with("stopping", isStopping ? "yes" : nil)
  }

  package convenience init?(_ line: LineView) {
    guard line.isWord("READY"), let member = Member(line), let pid = line["pid"]?.int
    else { return nil }
    self.init(
      member: member, supervisor: line["supervisor"]?.text, process: line["process"]?.text,
      replaced: line["replaced"]?.text, pid: pid,
      hasDatabases: line["databases"] != nil, isStopping: line["stopping"] != nil)
  }
}

extension WorkerReport: Equatable {
  package static func == (a: WorkerReport, b: WorkerReport) -> Bool { a.line == b.line }
}

/// Which run of which request a worker is told to do, and answers: the router's number of the
/// request, which no other incarnation of it gives, and how often it has been begun.
package struct Attempt: LineMessage, Hashable, Sendable {
  package let job: UInt64
  package let number: Int

  package init(job: UInt64, number: Int) {
    self.job = job
    self.number = number
  }

  /// Reads `job=` and `try=`.
  package init?(_ line: LineView) {
    guard let job = line["job"]?.uint64, let number = line["try"]?.int
    else { return nil }
    self.init(job: job, number: number)
  }
}

extension Line {
  package consuming func with(_ attempt: Attempt) -> Line {
    with("job", attempt.job).with("try", attempt.number)
  }
}

/// What a worker answers about one attempt.
package struct AttemptResult: LineMessage, Equatable, Sendable {
  package var attempt: Attempt
  package var outcome: Outcome
  /// The version of the database on which the statement ran, as far as one is known: equal versions
  /// mean equal data.
  package var version: String?
  /// How long the engine took, without the time in which it waited for its reader.
  package var runMicroseconds: Int64
  /// Of a series, how many from the first on have been run and have rows; the others are given back. Nil
  /// for a single one.
  package var each: Int?

  package init(
    attempt: Attempt, outcome: Outcome, version: String? = nil, runMicroseconds: Int64,
    each: Int? = nil
  ) {
    self.each = each
    self.attempt = attempt
    self.outcome = outcome
    self.version = version
    self.runMicroseconds = runMicroseconds
  }

  package var line: Line {
    outcome.start().with(attempt).with(outcome).with("version", version)
      .with("run_us", runMicroseconds).with("each", each)
  }

  package init?(_ line: LineView) {
    guard let attempt = Attempt(line), let outcome = Outcome(line),
      let run = line["run_us"]?.int64
    else { return nil }
    self.init(
      attempt: attempt, outcome: outcome, version: line["version"]?.text, runMicroseconds: run,
      each: line["each"]?.int)
  }
}

/// What a worker answers to `CHECK`.
package struct VersionReport: LineMessage, Equatable, Sendable {
  package var database: String
  /// Nil when it cannot tell, for example because it does not have the database.
  package var version: String?

  package init(database: String, version: String?) {
    self.database = database
    self.version = version
  }

  package var line: Line {
    Line("VERSION").with("db", database).with("version", version)
  }

  package init?(_ line: LineView) {
    guard line.isWord("VERSION"), let database = line["db"]?.text else { return nil }
    self.init(database: database, version: line["version"]?.text)
  }
}

/// What a worker says on its own, through a connection beside the one for requests, which gets no
/// reply: the file of a database has been written to, or replaced. Whether its content has changed
/// is for a `CHECK` to find out.
///
///     CHANGED name=workers-3 generation=7 db=proj
package struct ChangeNote: LineMessage, Equatable, Sendable {
  package var member: Member
  package var database: String

  package init(member: Member, database: String) {
    self.member = member
    self.database = database
  }

  package var line: Line {
    Line("CHANGED").with(member).with("db", database)
  }

  package init?(_ line: LineView) {
    guard line.isWord("CHANGED"), let member = Member(line), let database = line["db"]?.text
    else { return nil }
    self.init(member: member, database: database)
  }
}

/// What a router replies to a worker that is ready. A REQ socket hears nothing else.
package enum WorkerCommand: LineMessage, Equatable, Sendable {
  /// Run what follows: netstrings, for each job its line, SQL and parameters, but for the last one's
  /// parameters, which have a frame of their own.
  case run
  /// Go on with the result of which a chunk has come.
  case go
  /// Nobody wants the rest of it: break off, answer, and say READY.
  case stop
  /// Look again which databases there are, and say READY.
  case rescan
  /// Look at which version this database is, answer that, and say READY.
  case check(database: String)
  /// You are not wanted any more: end.
  case bye

  /// What is sent most.
  private static let runLine = Line("RUN")

  package var line: Line {
    switch self {
    case .run: Self.runLine
    case .go: Line("GO")
    case .stop: Line("STOP")
    case .rescan: Line("RESCAN")
    case .check(let database): Line("CHECK").with("db", database)
    case .bye: Line("BYE")
    }
  }

  package init?(_ line: LineView) {
    if line.isWord("RUN") {
      self = .run
    } else if line.isWord("GO") {
      self = .go
    } else if line.isWord("STOP") {
      self = .stop
    } else if line.isWord("RESCAN") {
      self = .rescan
    } else if line.isWord("CHECK") {
      guard let database = line["db"]?.text else { return nil }
      self = .check(database: database)
    } else if line.isWord("BYE") {
      self = .bye
    } else {
      return nil
    }
  }
}

/// A statement that a worker is to run.
package struct Job: LineMessage, Equatable, Sendable {
  package var attempt: Attempt
  package var database: String
  package var format: Format
  /// What is left of the request's time.
  package var deadlineMilliseconds: Int
  /// At this version of the database there is nothing to run: the answer is `unchanged`.
  package var ifVersion: String?
  /// Whenever so many bytes of the result are there, they are sent; nil when it is to come in one
  /// message.
  package var chunkBytes: Int?
  /// How many sets of parameters there are, if it is a series: then they are netstrings, and so are the
  /// rows of each. Nil for a single one.
  package var each: Int?
  /// What few queries ask for.
  package var extras: QueryExtras?

  package init(
    attempt: Attempt, database: String, format: Format, deadlineMilliseconds: Int,
    ifVersion: String? = nil, chunkBytes: Int? = nil, each: Int? = nil,
    extras: QueryExtras? = nil
  ) {
    self.each = each
    self.chunkBytes = chunkBytes
    self.extras = extras
    self.attempt = attempt
    self.database = database
    self.format = format
    self.deadlineMilliseconds = deadlineMilliseconds
    self.ifVersion = ifVersion
  }

  package var line: Line {
    var line = Line("JOB").with(attempt)
    line.append("db", database)
    line.append("format", format.rawValue)
    line.append("deadline", deadlineMilliseconds)
    line.append("if-version", ifVersion)
    line.append("chunk", chunkBytes)
    line.append("each", each)
    line.append(extras)
    return line
  }

  package init?(_ line: LineView) {
    guard line.isWord("JOB"), let attempt = Attempt(line), let database = line["db"]?.text,
      let format = line["format"].flatMap(Format.init),
      let deadline = line["deadline"]?.int,
      (0...ClientMessage.maxDeadlineMilliseconds).contains(deadline)
    else { return nil }
    self.init(
      attempt: attempt, database: database, format: format, deadlineMilliseconds: deadline,
      ifVersion: line["if-version"]?.text, chunkBytes: line["chunk"]?.int,
      each: line["each"]?.int, extras: try? QueryExtras.read(line))
  }
}
