internal import Toolkit
package import Wire
package import ZeroMQ

/// What a worker does beside its requests, in a thread of its own, whatever those do meanwhile:
/// listens to its router and its supervisor, watches over the run, says that the process runs, and
/// tells the router which databases have changed and which run others must not wait for.
package struct ControlLoop: ~Copyable {
  /// So many publications are taken before the rest has its turn.
  private static let turn = 256

  private let control: Control
  private let sayAlive: () -> Void
  private let tellOverdue: (Watchdog.Overdue) -> Void
  private var nextTick = Clock.now()
  private var poll = PollSet()
  /// Whether the connection to the router has ended, and what that brought is not all heard yet.
  private var hasLostRouter = false

  /// - Parameters:
  ///   - sayAlive: called every `Notice.aliveMilliseconds`.
  ///   - tellOverdue: called once with a run that could not be interrupted. The runner may hold
  ///     any lock at that moment, malloc's included.
  package init(
    _ control: Control, sayAlive: @escaping () -> Void,
    tellOverdue: @escaping (Watchdog.Overdue) -> Void
  ) {
    self.control = control
    self.sayAlive = sayAlive
    self.tellOverdue = tellOverdue
  }

  /// Runs until the control is finished. When listening fails the runner is told, and only what it
  /// runs is watched over still.
  package mutating func run(
    _ member: Member, _ router: RouterAddress, context: Context
  ) {
    do throws(ToolError) {
      var subscriber = try router.makeSubscriber(context)
      var notes = WorkerNotes(control.files, member, router: router.workers, context: context)
      while !control.hasEnded {
        try listen(&subscriber, &notes, losesRouter: router.directory == nil)
      }
    } catch {
      control.fail(error)
      watchOnly()
    }
  }

  private mutating func listen(
    _ subscriber: inout Subscriber, _ notes: inout WorkerNotes, losesRouter: Bool
  ) throws(ToolError) {
    let due = tick()
    let now = Clock.now()
    poll.removeAll()
    poll.add(descriptor: control.orders.descriptor.number)
    poll.add(subscriber.base.socket)
    poll.add(descriptor: subscriber.watchDescriptor)
    poll.add(descriptor: control.overrun.descriptor.number)
    poll.add(subscriber.base.monitor)
    if let descriptor = notes.descriptor(now: now) { poll.add(descriptor: descriptor) }
    try wait(until: min(due, notes.due(now: now) ?? due), now: now)
    if poll.isReady(2) { try subscriber.followChanges() }
    if poll.isReady(1) || poll.isReady(4) || hasLostRouter {
      try hear(&subscriber, losesRouter: losesRouter)
    }
    if poll.isReady(3) {
      control.overrun.answer()
      if let assignment = control.overrunning(now: Clock.now()) {
        try notes.tell(overrun: assignment)
      }
    }
    try notes.serve(control.router, now: Clock.now(), tellRunner: control.note)
  }

  /// - Parameter losesRouter: whether the end of a connection is the router's.
  private mutating func hear(
    _ subscriber: inout Subscriber, losesRouter: Bool
  ) throws(ToolError) {
    if try subscriber.hasLostAny() && losesRouter { hasLostRouter = true }
    for _ in 0..<Self.turn {
      guard let publication = try subscriber.receive() else {
        // Its last words do not say that it is there.
        if hasLostRouter { control.loseRouter() }
        hasLostRouter = false
        return
      }
      control.hear(publication)
    }
  }

  private mutating func watchOnly() {
    while !control.hasEnded {
      let due = tick()
      poll.removeAll()
      poll.add(descriptor: control.orders.descriptor.number)
      // Without even that there is nothing left to do; the supervisor misses the ticks.
      do throws(ToolError) { try wait(until: due, now: Clock.now()) } catch { return }
    }
  }

  /// Waits for the items of the poll set, the first of which is the bell.
  private mutating func wait(until due: Instant, now: Instant) throws(ToolError) {
    let milliseconds = due.millisecondsUp(since: now)
    try ToolError.wrapping { () throws(ZMQError) in try poll.wait(milliseconds: milliseconds) }
    if poll.isReady(0) { control.orders.answer() }
  }

  /// Does what the time has come for.
  /// - Returns: when to do so again. A run that begins until then is not overdue before it, as the
  ///   grace is as long as the interval.
  private mutating func tick() -> Instant {
    let now = Clock.now()
    let (overdue, limit) = control.tick(now: now)
    if let overdue { tellOverdue(overdue) }
    if now >= nextTick {
      nextTick = now.adding(milliseconds: Notice.aliveMilliseconds)
      sayAlive()
      control.files.retry()
    }
    return min(nextTick, limit ?? nextTick)
  }
}
