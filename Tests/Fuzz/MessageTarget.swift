import Wire

/// Every message's parser: what it takes, it prints as what it takes for the same.
enum MessageTarget {
  static func run(_ source: inout Source) throws(Finding) {
    let bytes = source.input(like: Corpus.lines)
    source.trace(bytes)
    if source.chance(10) { try list(&source) }
    try alike(source.input(like: [bytes]), bytes)
    guard let line = try? Line(parsing: bytes) else { return }
    try client(line, bytes)
    try same(WorkerCommand(line), bytes, \.line, WorkerCommand.init)
    try same(WorkerReport(line), bytes, \.line, WorkerReport.init)
    try same(VersionReport(line), bytes, \.line, VersionReport.init)
    try same(ChangeNote(line), bytes, \.line, ChangeNote.init)
    try same(OverrunNote(line), bytes, \.line, OverrunNote.init)
    try same(ChunkReport(line), bytes, \.line, ChunkReport.init)
    if (line["message"] ?? "").utf8.count <= Failure.maxMessageLength {
      try same(AttemptResult(line), bytes, \.line, AttemptResult.init)
    }
    try same(PeerCapacity(line), bytes, \.line, PeerCapacity.init)
    if let answer = PeerAnswer(line) {
      let id = answer.attempt.handedID
      try expect(Attempt(handedAs: id) == answer.attempt, "an id not the same", bytes)
    }
    try same(Job(line), bytes, \.line, Job.init)
    if let job = Job(line) {
      let bound = 0...ClientMessage.maxDeadlineMilliseconds
      try expect(bound.contains(job.deadlineMilliseconds), "a deadline out of bounds", bytes)
    }
    guard let publication = Publication(header: line, members: [line]) else { return }
    var tracker = SequenceTracker()
    _ = tracker.note(publication)
    for number in [0, 1, .max] as [Int64] {
      var other = publication
      other.sequence = number
      if case .new(let missed) = tracker.note(other) {
        try expect(missed >= 0, "fewer than no events missed", bytes)
      }
    }
  }

  private static func same<Message: Equatable>(
    _ message: Message?, _ bytes: [UInt8], _ line: KeyPath<Message, Line>,
    _ parse: (Line) -> Message?
  ) throws(Finding) {
    guard let message else { return }
    try expect(parse(message[keyPath: line]) == message, "\(Message.self) not the same", bytes)
  }

  /// Whoever has read one line finds in another what is found without the first.
  private static func alike(_ known: [UInt8], _ bytes: [UInt8]) throws(Finding) {
    let isSame = known.withUnsafeBytes { known in
      bytes.withUnsafeBytes { bytes in
        var (queries, results) = (QueryReader(), ResultReader())
        var (jobs, reports) = (JobReader(), ReportReader())
        if let line = try? LineView(parsing: known) {
          if case .query(let query)? = try? ClientMessage(line) { queries.learn(line, query) }
          if let result = AttemptResult(line) { results.learn(line, result) }
        }
        _ = try? jobs.read(known)
        _ = try? reports.read(known)
        let line = try? LineView(parsing: bytes)
        let (query, result) = (queries.query(in: bytes), results.result(in: bytes))
        return
          (query == nil || (line.flatMap { try? ClientMessage($0) }) == query.map { .query($0) })
          && (result == nil || line.flatMap(AttemptResult.init) == result)
          && (try? jobs.read(bytes)) == line.flatMap(Job.init)
          && (try? reports.read(bytes)) == line.flatMap(WorkerReport.init)
      }
    }
    try expect(isSame, "not the same behind \(String(decoding: known, as: UTF8.self))", bytes)
  }

  private static func client(_ line: Line, _ bytes: [UInt8]) throws(Finding) {
    let result = Result { () throws(Failure) in try ClientMessage(line) }
    switch result {
    case .success(let message):
      try expect((try? ClientMessage(message.line)) == message, "a request not the same", bytes)
    case .failure(let failure):
      try expect(failure.code == .badRequest, "refused as \(failure.code)", bytes)
    }
  }

  private static func list(_ source: inout Source) throws(Finding) {
    let bytes = source.input(like: Corpus.databases)
    source.trace(bytes)
    let list = bytes.withUnsafeBytes { try? ServedDatabase.decode($0) }
    guard let list else { return }
    let again = ServedDatabase.encode(list).withUnsafeBytes { try? ServedDatabase.decode($0) }
    // A name with escapes may be longer than a line when it is printed.
    try expect(again == list || bytes.count > 8192, "a list of databases not the same", bytes)
  }
}
