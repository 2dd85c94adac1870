/// Reads the lines of queries, most of which are like the one before.
package struct QueryReader {
  private var pattern = LinePattern("id", "deadline", "db")
  private var latest: Query?

  package init() {}

  /// The query in a line that is like the one learned last; nil when all of it has to be read.
  package func query(in line: UnsafeRawBufferPointer) -> Query? {
    guard var query = latest, let values = pattern.values(in: line) else { return nil }
    if let id = values[0] {
      guard id.count <= ClientMessage.maxIdLength else { return nil }
      query.id = id.text
    }
    if let deadline = values[1] {
      guard let milliseconds = deadline.int,
        (0...ClientMessage.maxDeadlineMilliseconds).contains(milliseconds)
      else { return nil }
      query.deadlineMilliseconds = milliseconds
    }
    if let database = values[2], !database.isBare(query.database) {
      guard database.count <= ClientMessage.maxNameLength else { return nil }
      query.database = database.text
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
  private var pattern = LinePattern("job", "deadline", "db")
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
    guard var job = latest, let values = pattern.values(in: line),
      let number = values[0]?.uint64, let deadline = values[1]?.int,
      (0...ClientMessage.maxDeadlineMilliseconds).contains(deadline), let database = values[2]
    else { return nil }
    job.attempt = Attempt(job: number, number: job.attempt.number)
    job.deadlineMilliseconds = deadline
    if !database.isBare(job.database) { job.database = database.text }
    return job
  }
}

/// Reads the lines of what workers answer.
package struct ResultReader {
  private var pattern = LinePattern("job", "run_us", "version")
  private var latest: AttemptResult?

  package init() {}

  /// The result in a line that is like the one learned last; nil when all of it has to be read.
  package func result(in line: UnsafeRawBufferPointer) -> AttemptResult? {
    guard var result = latest, let values = pattern.values(in: line),
      let number = values[0]?.uint64, let run = values[1]?.int64
    else { return nil }
    result.attempt = Attempt(job: number, number: result.attempt.number)
    result.runMicroseconds = run
    if let version = values[2], !(result.version.map(version.isBare) ?? false) {
      result.version = version.text
    }
    return result
  }

  /// Lines like this one are recognized from now on.
  package mutating func learn(_ line: LineView, _ result: AttemptResult) {
    pattern.learn(line)
    latest = result
  }
}
