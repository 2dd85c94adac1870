import Supervision
import TestSupport
import Wire

/// A supervisor with a clock that is moved by hand, whose children all start: pids are 101, 102, …
/// and generations 1, 2, …
struct Bench {
  private(set) var supervisor: Supervisor
  private(set) var now = Instant(microseconds: 1_000_000)
  private var random = SeededRandom(seed: 7)
  private var spawned: Int64 = 0
  /// Answers the next wish for a child instead of a start.
  var nextFailure: SpawnFailure?

  init(count: Int = 1, graceMilliseconds: Int = 1000) {
    supervisor = Supervisor(
      Settings(name: "w", count: count, graceMilliseconds: graceMilliseconds), now: now)
  }

  /// A bench whose children have been started.
  static func started(count: Int = 1, graceMilliseconds: Int = 1000) -> Bench {
    var bench = Bench(count: count, graceMilliseconds: graceMilliseconds)
    bench.give(.begin)
    for _ in 0..<count { bench.give(.tick) }
    return bench
  }

  /// Gives an input and answers what is wished for; returns all effects as short texts.
  @discardableResult
  mutating func give(_ input: Input) -> [String] {
    var texts: [String] = []
    for effect in supervisor.handle(input, now: now, random: &random) {
      texts.append(Self.text(effect))
      guard case .spawn(let slot) = effect else { continue }
      spawned += 1
      let pid = Int32(100 + spawned)
      if let failure = nextFailure {
        nextFailure = nil
        texts += give(.spawnFailed(slot: slot, generation: spawned, failure))
      } else {
        texts += give(.spawned(slot: slot, generation: spawned, pid: pid))
      }
    }
    return texts
  }

  /// Lets a pulse come, as soon as pulses do unless told otherwise.
  @discardableResult
  mutating func pulse(afterMilliseconds milliseconds: Int = Notice.aliveMilliseconds) -> [String] {
    sleep(milliseconds: milliseconds)
    return give(.pulse)
  }

  /// Lets a child say that it is alive, and then nothing until it is killed.
  mutating func hang(pid: Int32) {
    give(.noticed(pid: pid, .alive))
    for _ in 1...8 { pulse() }
  }

  mutating func sleep(milliseconds: Int) {
    now = now.adding(milliseconds: milliseconds)
  }

  /// Moves the clock to when something is due and lets it happen; how long that took, in ms.
  mutating func sleepUntilDue() -> Int? {
    guard let due = supervisor.nextDeadline else { return nil }
    let milliseconds = due.millisecondsUp(since: now)
    now = max(now, due)
    give(.tick)
    return milliseconds
  }

  var members: [String] { supervisor.state.members.map(\.description) }

  var phases: [String] { supervisor.state.members.map { $0["phase"] ?? "" } }

  private static func text(_ effect: Effect) -> String {
    switch effect {
    case .publish(let line): line.description
    case .report(let what, let why): "\(what): \(why)"
    case .spawn(let slot): "spawn \(slot)"
    case .signal(let group, .terminate): "TERM \(group)"
    case .signal(let group, .kill): "KILL \(group)"
    case .signal(let child, .hangUp): "HUP \(child)"
    case .sayReady: "say ready"
    case .finish(.stopped): "finish"
    case .finish(.cannotStart(let failure)): "finish \(failure.status)"
    }
  }
}
