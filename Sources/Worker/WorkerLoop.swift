internal import Synchronization
package import Toolkit
package import Wire
package import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// Whether it was said that nothing is heard of the router, which all threads of a process wait for.
private let hasToldSilence = Atomic(false)

/// Says READY to a router, runs what it replies, answers, and so on.
///
/// A REQ socket that waits cannot speak, and waits for ever when the reply is lost. So the loop
/// follows what its control hears of the router: it connects to an incarnation that was heard of,
/// and makes a new socket as soon as there is another one. To a router on another host the connection
/// may end while both live: then there is none until it is heard again.
package struct WorkerLoop<Runner: Engine>: ~Copyable {
  /// How long a worker that is to end waits for the router's word that it has noticed.
  private static var farewellMilliseconds: Int { 500 }
  /// How long a router is waited for without a word.
  private static var patienceMilliseconds: Int { 5000 }
  /// What is kept of the buffers from one request to the next, in bytes.
  private static var keptCapacity: Int { 1 << 20 }
  /// When the answers of a batch have so many bytes, the rest of it is given back.
  private static var maxBatchBytes: Int { 1 << 20 }

  private var engine: Runner
  private let identity: WorkerIdentity
  private let router: String
  private let control: Control
  private let context: Context
  private var poll = PollSet()

  /// The router that was last heard, as long as it can be reached.
  private var current: Contact?
  /// The revision of the list that the router has; nil before the first report.
  private var reportedRevision: Int?
  /// The revision of the files that are watched.
  private var watchedRevision: Int?
  /// Whether a signal has asked for the end, or the supervisor has announced it.
  private var isStopping = false
  /// How long the router's word is waited for, once that is so.
  private var farewell: Instant?
  /// The rows of the last answer, and all answers before it.
  private var rows = ByteBuffer()
  private var answers = Answers()
  /// The rows of one of a series.
  private var set = ByteBuffer()
  private var jobs = JobReader()

  /// - Parameters:
  ///   - router: the endpoint at which the router takes workers.
  ///   - control: what a `ControlLoop` of the same member and router fills.
  package init(
    _ engine: consuming Runner, _ identity: WorkerIdentity, router: String,
    control: Control, context: Context
  ) {
    self.engine = engine
    self.identity = identity
    self.router = router
    self.control = control
    self.context = context
  }

  /// Works until it is told to end, by a signal, by the supervisor's announcement or by the router,
  /// or until the supervisor is gone.
  /// - Parameter say: called with `ready` when a router has been found and told, with `working`
  ///   when it has given something to run.
  package mutating func run(
    _ signals: borrowing SignalSource, lifeline: Int32?, say: (Notice) throws -> Void
  ) throws {
    while true {
      try awaitRouter(signals, lifeline)
      guard let giver = current, !isStopping else { return }
      let connection = try connect()
      reportedRevision = nil
      try report(on: connection.socket, [])
      try say(.ready)
      while current == giver {
        guard try serve(connection, giver, signals, lifeline, say) else { return }
      }
    }
  }

  /// Waits until a router has been heard of, and says so when that takes long: whoever gave a wrong address would
  /// wait for ever.
  private mutating func awaitRouter(
    _ signals: borrowing SignalSource, _ lifeline: Int32?
  ) throws {
    var patience: Instant? = Clock.now().adding(milliseconds: Self.patienceMilliseconds)
    while current == nil && !isStopping {
      let now = Clock.now()
      if let limit = patience, now >= limit {
        patience = nil
        if !hasToldSilence.exchange(true, ordering: .relaxed) {
          let seconds = Self.patienceMilliseconds / 1000
          Diagnostics.report(
            "router \(router)", "nothing heard of it for \(seconds) s; waiting for it")
        }
      }
      try wait(signals, lifeline, milliseconds: patience?.millisecondsUp(since: now))
    }
  }

  private func connect() throws(ZMQError) -> MonitoredSocket {
    let connection = try MonitoredSocket(
      .request, .disconnected, name: identity.member.name, in: context)
    try connection.socket.set(.reconnectInterval, 10)
    try connection.socket.noticeLostHosts()
    try connection.socket.connect(router)
    return connection
  }

  /// Waits for one thing to happen and deals with it; false when the loop is to end.
  private mutating func serve(
    _ connection: borrowing MonitoredSocket, _ giver: Contact, _ signals: borrowing SignalSource,
    _ lifeline: Int32?, _ say: (Notice) throws -> Void
  ) throws -> Bool {
    // It may have been told so while it ran something.
    if isStopping && farewell == nil {
      farewell = Clock.now().adding(milliseconds: Self.farewellMilliseconds)
    }
    let left = farewell?.millisecondsUp(since: Clock.now())
    try wait(
      signals, lifeline, connection.socket.pollable,
      connection.monitor.pollable, milliseconds: left)
    let hasReply = poll.isReady(3)
    try noticeLoss(of: connection, to: giver)
    // Whoever it is from does not wait for what it asks for any more.
    guard current == giver else { return true }
    guard hasReply else { return left != 0 }
    farewell = nil
    guard let message = try connection.socket.receive() else { return true }
    switch try command(message[0]) {
    case .bye: return false
    case .rescan:
      engine.rescan()
      try report(on: connection.socket, [])
    case .check(let database):
      control.beginLook()
      let version = VersionReport(database: database, version: engine.version(of: database))
      control.end()
      answers.append(version.line)
      try report(on: connection.socket, answers.parts(last: rows.bytes))
      answers.removeAll(keeping: Self.keptCapacity)
    case .run:
      let orders = try orders(message)
      try say(.working)
      var sender = ChunkSender(control, identity.member, giver: giver, lifeline: lifeline)
      run(orders, giver, &sender, connection)
      withExtendedLifetime(message) {}
      if let failure = sender.failure { throw failure }
      if sender.isDismissed { return false }
      // What has come up meanwhile: an end that the report should mention, or another router.
      try wait(signals, lifeline, milliseconds: 0)
      try noticeLoss(of: connection, to: giver)
      if current == giver { try report(on: connection.socket, answers.parts(last: rows.bytes)) }
      answers.removeAll(keeping: Self.keptCapacity)
      rows.removeAll(keeping: Self.keptCapacity)
    case .go, .stop: throw misunderstood("GO or STOP without a chunk")
    }
    return true
  }

  /// What the router wants to have run.
  private mutating func orders(_ message: Multipart) throws(ToolError) -> [Order] {
    guard message.count == 3 else { throw misunderstood("RUN with \(message.count) frames") }
    var orders: [Order] = []
    var packed = NetstringReader(message[1])
    do throws(LineError) {
      repeat {
        guard let job = try jobs.read(try packed.next()) else {
          throw LineError(why: "no JOB", offset: 0)
        }
        let sql = try packed.next()
        let parameters = packed.isAtEnd ? message[2] : try packed.next()
        orders.append(Order(job: job, sql: sql, parameters: parameters))
      } while !packed.isAtEnd
    } catch {
      throw misunderstood(error.description)
    }
    return orders
  }

  /// Runs one job after the other. Those that have no answer then were not begun: because of the time,
  /// or because one of them has a result that comes in chunks.
  private mutating func run(
    _ orders: [Order], _ giver: Contact, _ sender: inout ChunkSender,
    _ connection: borrowing MonitoredSocket
  ) {
    let arrival = Clock.now()
    let isBatch = orders.count > 1 || orders.contains { $0.job.each != nil }
    if isBatch { control.beginBatch(now: arrival) }
    engine.beginBatch()
    // Taken out, as what sends chunks must not touch the loop while that runs the engine.
    var answers = Answers()
    swap(&answers, &self.answers)
    for (index, order) in orders.enumerated() {
      let job = order.job
      let start = index == 0 ? arrival : Clock.now()
      let deadline = arrival.adding(milliseconds: job.deadlineMilliseconds)
      let assignment = Assignment(attempt: job.attempt, router: giver.router)
      guard answers.size + rows.count < Self.maxBatchBytes, !sender.hasSent,
        control.begin(
          assignment, from: giver, isFirst: index == 0, deadline: deadline, now: start)
      else { break }
      answers.takeLast(rows.bytes)
      rows.removeAll(keeping: Self.keptCapacity)
      let result: RunResult
      var each: Int?
      if job.each != nil {
        (result, each) = runSeries(order, deadline: deadline, since: arrival, beside: answers.size)
      } else {
        result = engine.run(
          job, sql: order.sql, parameters: order.parameters, deadline: deadline,
          isAbandoned: { [control] in control.isAbandoned }, into: &rows,
          chunkBytes: job.chunkBytes,
          send: { chunk, keepsWritersOut in
            defer { answers.removeAll(keeping: Self.keptCapacity) }
            return sender.send(
              chunk, of: job.attempt, keepsWritersOut, with: answers.parts(last: nil),
              on: connection)
          })
      }
      control.end()
      if case .failure = result.outcome { rows.removeAll(keeping: Self.keptCapacity) }
      // Only the last one has waited for its reader: nothing is begun behind it.
      let answer = AttemptResult(
        attempt: job.attempt, outcome: result.outcome, version: result.version,
        runMicroseconds: Clock.now().microseconds(since: start) - sender.waitedMicroseconds,
        each: each)
      answers.append(answer.line)
    }
    swap(&answers, &self.answers)
    engine.endBatch()
    if isBatch { control.endBatch() }
  }

  /// Runs one after the other of a series, until its time is over or one has no rows to send in one message,
  /// or is slow; what becomes of that shows when it is run alone.
  /// - Parameters:
  ///   - deadline: of the series.
  ///   - arrival: when it came, with whatever came with it.
  ///   - size: of what was answered before, in bytes.
  /// - Returns: the rows' number, and how many have been run.
  private mutating func runSeries(
    _ order: Order, deadline: Instant, since arrival: Instant, beside size: Int
  ) -> (RunResult, each: Int) {
    defer { set.removeAll(keeping: Self.keptCapacity) }
    let deadline = min(deadline, arrival.adding(milliseconds: BatchClock.seriesMilliseconds))
    var sets = NetstringReader(order.parameters)
    var (each, count) = (0, 0)
    var version: String?
    while !sets.isAtEnd, let parameters = try? sets.next() {
      guard
        each == 0
          || Clock.now().microseconds(since: arrival) < BatchClock.workMicroseconds
            && !control.isAbandoned
      else { break }
      set.removeAll(keeping: Self.keptCapacity)
      let result = engine.run(
        order.job, sql: order.sql, parameters: parameters, deadline: deadline,
        isAbandoned: { [control] in control.isAbandoned }, into: &set,
        chunkBytes: order.job.chunkBytes ?? Self.maxBatchBytes, send: { _, _ in false })
      guard case .rows(let more) = result.outcome, each == 0 || result.version == version,
        size + rows.count + set.count < Self.maxBatchBytes
      else { break }
      version = result.version
      count += more
      each += 1
      rows.append(netstring: set.bytes)
    }
    return (RunResult(.rows(count), version: version), each)
  }

  /// Says READY, with answers if there are any, and with the databases if they have changed.
  private mutating func report(on socket: borrowing Socket, _ answers: [Part]) throws {
    if watchedRevision != engine.revision {
      // Before anyone can ask for them: no change is missed.
      control.watch(engine.watchedFiles)
      watchedRevision = engine.revision
    }
    let hasDatabases = reportedRevision != engine.revision
    let report = WorkerReport(
      member: identity.member, supervisor: identity.supervisor, process: identity.process,
      replaced: identity.replaced, pid: Int(getpid()), hasDatabases: hasDatabases,
      isStopping: isStopping)
    let databases = hasDatabases ? ServedDatabase.encode(engine.databases) : []
    reportedRevision = engine.revision
    // A connected REQ socket has room for the one message that it may send.
    guard
      case .sent = try socket.send(
        [.bytes(report.line.encoded()), .bytes(databases)] + answers)
    else { throw misunderstood("READY could not be sent") }
  }

  private func command(_ frame: UnsafeRawBufferPointer) throws(ToolError) -> WorkerCommand {
    let line: LineView
    do throws(LineError) {
      line = try LineView(parsing: frame)
    } catch {
      throw misunderstood(error.description)
    }
    guard let command = WorkerCommand(line) else { throw misunderstood("unknown: \(line.word)") }
    return command
  }

  private func misunderstood(_ why: String) -> ToolError {
    ToolError("talk to router \(router)", why, .crashed)
  }

  /// Whatever comes through a connection that has ended, the router has given it to others; or libzmq has
  /// made it anew, to another router that has not been heard yet.
  private mutating func noticeLoss(
    of connection: borrowing MonitoredSocket, to giver: Contact
  ) throws(ZMQError) {
    guard try connection.nextReport() != nil else { return }
    control.lose(giver)
    if current == giver { current = nil }
  }

  /// Waits for news, a signal or the supervisor's end, and takes that into account; and for a reply, and
  /// the end of the connection.
  private mutating func wait(
    _ signals: borrowing SignalSource, _ lifeline: Int32?, _ reply: PollSet.Pollable? = nil,
    _ monitor: PollSet.Pollable? = nil, milliseconds: Int?
  ) throws {
    poll.removeAll()
    poll.add(descriptor: control.news.descriptor.number)
    poll.add(descriptor: signals.descriptor.number)
    // A lifeline that has hung up stays so: without a supervisor there is nothing to wait for.
    poll.add(descriptor: lifeline ?? -1)
    if let reply { poll.add(reply) }
    if let monitor { poll.add(monitor) }
    try poll.wait(milliseconds: milliseconds)
    if poll.isReady(0) {
      control.news.answer()
      let news = try control.latest()
      current = news.contact
      if news.isStopping { isStopping = true }
      if !news.changed.isEmpty { engine.filesChanged(news.changed) }
    }
    if poll.isReady(1) {
      while signals.next() != nil { isStopping = true }
    }
    if poll.isReady(2) {
      throw ToolError("serve", "the supervisor is gone", .unavailable)
    }
  }
}
