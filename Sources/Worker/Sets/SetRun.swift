internal import Toolkit
internal import Wire
internal import ZeroMQ

/// Runs a query on several databases: does what a `Coordinator` says, with the worker's own engine and as a
/// client of its router.
struct SetRun: ~Copyable {
  let order: Order
  let deadline: Instant
  private let giver: Contact
  let control: Control
  private let lifeline: Int32?
  private let context: Context
  /// Where the router takes clients, if it has said so.
  let endpoint: String?
  /// There when it is needed.
  private var link: PartLink?
  private var poll = PollSet()
  /// Whether there is news that concerns the loop as well.
  private var hasNews = false

  init(
    _ order: Order, deadline: Instant, giver: Contact, _ control: Control,
    _ lifeline: Int32?, _ context: Context
  ) {
    self.order = order
    self.deadline = deadline
    self.giver = giver
    self.control = control
    self.lifeline = lifeline
    self.context = context
    endpoint = control.clients
  }

  /// - Parameters:
  ///   - rows: takes those that are not sent as chunks.
  ///   - send: takes a chunk and `keepsWritersOut`; returns whether anybody wants more.
  mutating func run(
    on engine: inout some Engine, into rows: inout ByteBuffer,
    send: (UnsafeRawBufferPointer, Bool) -> Bool
  ) -> (Outcome, SetSummary?) {
    defer { if hasNews { control.news.ring() } }
    let job = order.job
    let limits = engine.answerLimits
    do throws(Failure) {
      var coordinator = Coordinator(
        try databases(of: &engine), hasRouter: endpoint != nil,
        skipsFailed: job.extras?.skipsFailed ?? false,
        maxRows: job.chunkBytes == nil ? limits.rows : nil)
      var output = SetOutput(job.format, chunkBytes: job.chunkBytes, maxBytes: limits.bytes)
      defer { takeBack(coordinator.offers) }
      while true {
        try checkTime()
        switch coordinator.next() {
        case .end(let outcome, let summary): return (outcome, summary)
        case .run(let index, true):
          try runInTurn(index, &coordinator, on: &engine) { own, isFirst, keepsWritersOut in
            output.pass(
              own, isFirst: isFirst, keepsWritersOut: keepsWritersOut, into: &rows, send)
          }
        case .run(let index, false): runAhead(index, &coordinator, on: &engine)
        case .pass(let part, let isFirst):
          switch part.withBytes({ output.pass($0, isFirst: isFirst, into: &rows, send) }) {
          case .passed: break
          case .refused(let failure): coordinator.refuse(failure)
          case .ended(let failure): throw failure
          }
        case .offer(let index, let isKept):
          try offer(coordinator.items[index].name, index, isKept)
        case .withdraw(let last): try say(.withdraw(upTo: last.map { String($0) }))
        case .credit(let index, let chunks): try say(.credit(id: String(index), chunks: chunks))
        case .cancel(let index): try say(.cancel(id: String(index)))
        case .wait: try wait()
        }
        while let received = try receive() { coordinator.receive(received) }
      }
    } catch {
      return (.failure(error), nil)
    }
  }

  // MARK: The router

  private mutating func offer(_ name: String, _ index: Int, _ isKept: Bool) throws(Failure) {
    let job = order.job
    let query = Query(
      id: String(index), database: name, format: job.format,
      deadlineMilliseconds: min(
        deadline.millisecondsUp(since: Clock.now()), ClientMessage.maxDeadlineMilliseconds),
      credit: 1,
      extras: QueryExtras(
        databaseColumn: job.extras?.databaseColumn,
        whole: QueryExtras.Whole(number: job.attempt.job, isKept: isKept)))
    try say(.query(query), [order.sql, order.parameters])
  }

  mutating func say(
    _ message: ClientMessage, _ frames: [UnsafeRawBufferPointer] = []
  ) throws(Failure) {
    do throws(ZMQError) {
      if link == nil, let endpoint { link = try PartLink(to: endpoint, in: context) }
      if try link?.send(message, frames) ?? false { return }
    } catch {
      throw Failure(.busy, "ask the router: \(error)", retryMilliseconds: 100)
    }
    throw Failure(.busy, "the router takes nothing", retryMilliseconds: 100)
  }

  mutating func receive() throws(Failure) -> PartLink.Received? {
    do throws(ZMQError) {
      return try link?.receive()
    } catch {
      throw Failure(.busy, "hear the router: \(error)", retryMilliseconds: 100)
    }
  }

  /// What is still in flight is wanted no more. The end of the connection says the same, where there is
  /// one that can be seen to end.
  private mutating func takeBack(_ offers: [Int]) {
    for index in offers {
      do throws(Failure) { try say(.cancel(id: String(index))) } catch { break }
    }
    link = nil
  }

  // MARK: Waiting

  /// Waits for an answer, the deadline, or word that nobody waits for this.
  mutating func wait() throws(Failure) {
    poll.removeAll()
    poll.add(descriptor: control.news.descriptor.number)
    // Without a supervisor there is nobody to work for.
    poll.add(descriptor: lifeline ?? -1)
    if let pollable = link?.socket.pollable { poll.add(pollable) }
    do throws(ZMQError) {
      try poll.wait(milliseconds: deadline.millisecondsUp(since: Clock.now()))
    } catch {
      throw Failure(.busy, "wait: \(error)", retryMilliseconds: 100)
    }
    if !poll[0].isEmpty {
      control.news.answer()
      hasNews = true
    }
    // Another router knows nothing of it.
    guard poll[1].isEmpty, control.contact == giver else {
      throw Failure(.cancelled, "nobody waits for it")
    }
  }

  func checkTime() throws(Failure) {
    if control.isAbandoned { throw Failure(.cancelled, "nobody waits for it") }
    if Clock.now() >= deadline { throw Failure(.deadline, "the deadline is over") }
  }
}
