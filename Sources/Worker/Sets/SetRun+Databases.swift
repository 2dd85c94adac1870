internal import Toolkit
internal import Wire
internal import ZeroMQ

extension SetRun {
  /// The name of the request for the databases that there are.
  private static var listId: Int { -1 }
  /// A result that is larger is not kept until its turn, in bytes; the router's chunks have as many.
  private static var partBytes: Int { 256 << 10 }

  /// The databases, in order, and whether each can be run here.
  mutating func databases(
    of engine: inout some Engine
  ) throws(Failure) -> [(name: String, isHere: Bool)] {
    // What has come or gone since is seen as a query on that alone would see it.
    engine.rescan()
    let text = order.job.database
    let own = Set(engine.databases.map(\.name))
    let others = order.job.reach == .some ? Set(try ask()).subtracting(own) : []
    let names = own.union(others).sorted()
    let databases =
      names.contains(text) ? [text] : DatabaseSelection(text).databases(among: names)
    guard !databases.isEmpty else {
      throw Failure(.noSuchDatabase, "no database matches '\(text)'")
    }
    // What nobody has is asked for here, and so is told.
    return databases.map { ($0, !others.contains($0)) }
  }

  /// The names of all databases that the router's workers have.
  private mutating func ask() throws(Failure) -> [String] {
    try say(.show(Show(id: String(Self.listId), subject: .databases, format: .json)))
    while true {
      try checkTime()
      try wait()
      guard let received = try receive(), received.id == Self.listId,
        case .answer(let outcome, _) = received.content
      else { continue }
      if case .failure(let failure) = outcome { throw failure }
      let names = received.body.withBytes(Self.names)
      guard names.count < Show.maxRows else {
        throw Failure(.tooLarge, "more than \(Show.maxRows - 1) databases")
      }
      return names
    }
  }

  private static func names(_ rows: UnsafeRawBufferPointer) -> [String] {
    rows.split(separator: UInt8(ascii: "\n")).compactMap { row in
      var reader = ByteReader(UnsafeRawBufferPointer(rebasing: row))
      // What only other routers have cannot be waited for: theirs may wait for what is here.
      guard reader.take(#"{"database":"#), let name = try? JSON.string(&reader),
        reader.take(#","workers":"#), reader.peek != UInt8(ascii: "0")
      else { return nil }
      return String(decoding: name, as: UTF8.self)
    }
  }

  // MARK: Runs

  private func job(on database: String) -> Job {
    var job = order.job
    job.database = database
    job.reach = nil
    job.chunkBytes = Self.partBytes
    return job
  }

  /// Runs the database whose turn it is, and passes its rows on as they come.
  /// - Parameter pass: takes rows, whether they are the first, and `keepsWritersOut`.
  func runInTurn(
    _ index: Int, _ coordinator: inout Coordinator, on engine: inout some Engine,
    pass: (UnsafeRawBufferPointer, Bool, Bool) -> SetOutput.Passing
  ) throws(Failure) {
    var hasPassed = false
    var refusal: Failure?
    var ending: Failure?
    func take(_ rows: UnsafeRawBufferPointer, _ keepsWritersOut: Bool) -> Bool {
      switch pass(rows, !hasPassed, keepsWritersOut) {
      case .passed:
        hasPassed = true
        return true
      case .refused(let failure): refusal = failure
      case .ended(let failure): ending = failure
      }
      return false
    }
    let start = Clock.now()
    var rest = ByteBuffer()
    let result = engine.run(
      job(on: coordinator.items[index].name), sql: order.sql, parameters: order.parameters,
      deadline: deadline, isAbandoned: { [control] in control.isAbandoned }, into: &rest,
      chunkBytes: Self.partBytes, send: take)
    if case .rows = result.outcome, rest.count > 0 { _ = take(rest.bytes, false) }
    if let ending { throw ending }
    if hasPassed { coordinator.passed() }
    coordinator.ran(
      index, refusal.map { .failure($0) } ?? result.outcome, kept: nil,
      microseconds: Clock.now().microseconds(since: start))
  }

  /// Runs a database whose turn has not come, and keeps its rows if there are few.
  func runAhead(
    _ index: Int, _ coordinator: inout Coordinator, on engine: inout some Engine
  ) {
    var isTooLarge = false
    let start = Clock.now()
    var rows = ByteBuffer()
    let result = engine.run(
      job(on: coordinator.items[index].name), sql: order.sql, parameters: order.parameters,
      deadline: deadline, isAbandoned: { [control] in control.isAbandoned }, into: &rows,
      chunkBytes: Self.partBytes,
      send: { _, _ in
        isTooLarge = true
        return false
      })
    guard !isTooLarge else { return coordinator.overflowed(index) }
    coordinator.ran(
      index, result.outcome, kept: .bytes(Array(rows.bytes)),
      microseconds: Clock.now().microseconds(since: start))
  }
}

extension Coordinator {
  mutating func receive(_ received: PartLink.Received) {
    switch received.content {
    case .chunk: receive(chunk: received.body, of: received.id)
    case .answer(let outcome, let chunks):
      receive(outcome, received.body, chunks: chunks, of: received.id)
    }
  }
}
