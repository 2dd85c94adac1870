internal import Toolkit
internal import Wire
internal import ZeroMQ

extension WorkerLoop {
  /// Runs a query on several databases, which comes alone.
  mutating func runSet(
    _ order: Order, _ giver: Contact, _ lifeline: Int32?, _ sender: inout ChunkSender,
    _ connection: borrowing MonitoredSocket
  ) {
    let start = Clock.now()
    let deadline = start.adding(milliseconds: order.job.deadlineMilliseconds)
    let attempt = order.job.attempt
    _ = control.begin(
      Assignment(attempt: attempt, router: giver.router), from: giver, isFirst: true,
      deadline: deadline, now: start)
    var run = SetRun(order, deadline: deadline, giver: giver, control, lifeline, context)
    let (outcome, summary) = run.run(on: &engine, into: &rows) { chunk, keepsWritersOut in
      sender.send(chunk, of: attempt, keepsWritersOut, with: [], on: connection)
    }
    control.end()
    if case .failure = outcome { rows.removeAll(keeping: Self.keptCapacity) }
    let answer = AttemptResult(
      attempt: attempt, outcome: outcome,
      runMicroseconds: Clock.now().microseconds(since: start) - sender.waitedMicroseconds,
      summary: summary)
    answers.append(answer.line)
  }
}
