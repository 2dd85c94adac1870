/// Reads the lines of queries, most of which are like the one before.
package struct QueryReader {
  private var pattern = LinePattern("id", "deadline", "db", "each", "client")
  private var latest: Query?

  package init() {}

  /// The query in a line that is like the one learned last; nil when all of it has to be read.
  package func query(in line: UnsafeRawBufferPointer) -> Query? {
    guard var query = latest, let values = pattern.values(in: line) else { return nil }
    if case .other(let id) = values[0] {
      guard id.count <= ClientMessage.maxIdLength,
        query.each == nil || ClientMessage.isSeriesID(id)
      else { return nil }
      query.id = id.text
    }
    if case .other(let deadline) = values[1] {
      guard let milliseconds = deadline.int,
        (0...ClientMessage.maxDeadlineMilliseconds).contains(milliseconds)
      else { return nil }
      query.deadlineMilliseconds = milliseconds
    }
    if case .other(let database) = values[2] {
      guard database.count <= ClientMessage.maxNameLength else { return nil }
      query.database = database.text
      if DatabaseSelection.hasTooManyPatterns(query.database) { return nil }
      if query.each != nil && query.namesSeveral { return nil }
    }
    if case .other(let each) = values[3] {
      guard let count = ClientMessage.seriesCount(each) else { return nil }
      query.each = count
    }
    if case .other(let client) = values[4] {
      guard client.count <= ClientMessage.maxClientLength else { return nil }
      query.client = client.text
    }
    return query
  }

  /// Lines like this one are recognized from now on.
  package mutating func learn(_ line: LineView, _ query: Query) {
    pattern.learn(line)
    latest = query
  }
}

/// Reads the lines of jobs.
package struct JobReader {
  private var pattern = LinePattern("job", "deadline", "db", "each")
  private var latest: Job?

  package init() {}

  /// The job that a line is; nil when it is none.
  package mutating func read(_ line: UnsafeRawBufferPointer) throws(LineError) -> Job? {
    if let job = job(in: line) { return job }
    let view = try LineView(parsing: line)
    guard let job = Job(view) else { return nil }
    pattern.learn(view)
    latest = job
    return job
  }

  private func job(in line: UnsafeRawBufferPointer) -> Job? {
    guard var job = latest, let values = pattern.values(in: line) else { return nil }
    if case .other(let number) = values[0] {
      guard let number = number.uint64 else { return nil }
      job.attempt = Attempt(job: number, number: job.attempt.number)
    }
    if case .other(let deadline) = values[1] {
      guard let milliseconds = deadline.int,
        (0...ClientMessage.maxDeadlineMilliseconds).contains(milliseconds)
      else { return nil }
      job.deadlineMilliseconds = milliseconds
    }
    if case .other(let database) = values[2] { job.database = database.text }
    if case .other(let each) = values[3] {
      guard let count = each.int else { return nil }
      job.each = count
    }
    return job
  }
}

/// Reads the lines of workers.
package struct WorkerLines {
  package var reports = ReportReader()
  package var results = ResultReader()

  package init() {}
}

/// Reads the lines of workers that are ready, each of which mostly says the same as before.
package struct ReportReader {
  /// So many lines are known at most, each of so many bytes.
  private static let (maxKnown, maxLength) = (256, 512)

  private var known: [Int: (line: [UInt8], report: WorkerReport)] = [:]

  package init() {}

  /// The report that a line is; nil when it is none.
  package mutating func read(_ line: UnsafeRawBufferPointer) throws(LineError) -> WorkerReport? {
    var hasher = Hasher()
    hasher.combine(bytes: line)
    let key = hasher.finalize()
    if let (same, report) = known[key], same.withUnsafeBytes(line.isEqual) { return report }
    guard let report = WorkerReport(try LineView(parsing: line)) else { return nil }
    if line.count <= Self.maxLength {
      if known.count >= Self.maxKnown { known.removeAll() }
      known[key] = (Array(line), report)
    }
    return report
  }
}

/// Reads the lines of what workers answer.
package struct ResultReader {
  private var pattern = LinePattern("job", "run_us", "version", "rows", "each")
  private var latest: AttemptResult?

  package init() {}

  /// The result in a line that is like the one learned last; nil when all of it has to be read.
  package func result(in line: UnsafeRawBufferPointer) -> AttemptResult? {
    guard var result = latest, let values = pattern.values(in: line) else { return nil }
    if case .other(let number) = values[0] {
      guard let number = number.uint64 else { return nil }
      result.attempt = Attempt(job: number, number: result.attempt.number)
    }
    if case .other(let run) = values[1] {
      guard let run = run.int64 else { return nil }
      result.runMicroseconds = run
    }
    if case .other(let version) = values[2] { result.version = version.text }
    if case .other(let rows) = values[3] {
      guard case .rows = result.outcome, let count = Outcome.rowCount(rows) else { return nil }
      result.outcome = .rows(count)
    }
    if case .other(let each) = values[4] {
      guard let count = each.int else { return nil }
      result.each = count
    }
    return result
  }

  /// Lines like this one are recognized from now on.
  package mutating func learn(_ line: LineView, _ result: AttemptResult) {
    pattern.learn(line)
    latest = result
  }
}
