import Supervision
import TestSupport
import Wire

/// Processes that start, become ready, work, hang, die, obey or ignore TERM, or stick for a while
/// whatever is done to them; news of them that come late; an operator; a machine that sleeps: all by
/// chance from one seed. What must hold at every step is in the other file.
struct SimulatedWorld {
  var random: SeededRandom
  var supervisor: Supervisor
  var now = Instant(microseconds: 0)
  var alive: [Int32: SimulatedProcess] = [:]
  /// Ended, and the supervisor has not been told.
  var unreported: [(pid: Int32, process: SimulatedProcess)] = []
  /// Wishes for a child that were not answered.
  var wishes: [Int] = []
  var lastPid: Int32 = 100
  var lastGeneration: Int64 = 0
  var lastPulse = Instant(microseconds: 0)
  var nextPulse = Instant(microseconds: 0)
  var lastSleep = Instant(microseconds: 0)
  /// Nobody waits long for an orphaned supervisor's children; so their deaths are not told late.
  var isOrphaned = false
  /// Whether the processes are supervisors themselves.
  let isNest: Bool
  /// Whether the processes hang often, and nothing ends them soon.
  let isSticky: Bool
  let seed: UInt64
  var record: Record

  init(seed: UInt64) {
    self.seed = seed
    random = SeededRandom(seed: seed)
    isSticky = Int.random(in: 0..<8, using: &random) == 0
    let count = Int.random(in: 1...(isSticky ? 2 : 5), using: &random)
    let grace = Int.random(in: 0...3000, using: &random)
    isNest = Int.random(in: 0..<8, using: &random) == 0
    record = Record(count: count)
    supervisor = Supervisor(
      Settings(name: "w", count: count, graceMilliseconds: grace), now: now)
  }

  mutating func run() {
    give(.begin)
    let steps = Int.random(in: 0...(isSticky ? 1600 : 400), using: &random)
    for _ in 0..<steps where !record.hasFinished { step() }
    isOrphaned = chance(4)
    give(isOrphaned ? .orphaned : .stopRequested)
    for _ in 0..<2000 where !record.hasFinished {
      if chance(100) { give(.stopRequested) }
      step()
    }
    checkTheEnd()
  }

  mutating func chance(_ oneIn: Int) -> Bool {
    Int.random(in: 0..<oneIn, using: &random) == 0
  }

  private mutating func step() {
    switch Int.random(in: 0..<16, using: &random) {
    case 0: answerWish()
    case 1: say(.ready, alive.keys.min())
    case 2, 3: say(.ready, anyone())
    case 4: say(.working, chance(3) ? anyone() : nil)
    case 5: say(.takesHangUp, isNest ? anyone() : nil)
    case 6: if chance(4), let pid = anyone() { alive[pid]?.endsAt = now }
    case 7: if chance(isSticky ? 1 : 6), let pid = anyone() { alive[pid]?.hang(now) }
    case 8: sayAsAStranger()
    case 9: reportDeath()
    case 10: if chance(6) { give(.restartRequested) }
    case 11: if chance(6) { give(chance(2) ? .oneMoreRequested : .oneFewerRequested) }
    default: passTime()
    }
    check()
  }

  private mutating func anyone() -> Int32? {
    alive.keys.sorted().randomElement(using: &random)
  }

  private mutating func say(_ notice: Notice, _ pid: Int32?) {
    guard let pid, alive[pid]?.hangsSince == nil else { return }
    alive[pid]?.unheard.insert(notice)
    if chance(2) { hear(pid) }
  }

  private mutating func sayAsAStranger() {
    let pid = Int32.random(in: 90...200, using: &random)
    guard alive[pid] == nil && !unreported.contains(where: { $0.pid == pid }) else { return }
    give(.noticed(pid: pid, Notice.allCases.randomElement(using: &random) ?? .ready))
  }

  /// Tells the supervisor what a process has said.
  private mutating func hear(_ pid: Int32) {
    let notices = alive[pid]?.unheard ?? []
    alive[pid]?.unheard = []
    for notice in Notice.allCases where notices.contains(notice) {
      alive[pid]?.heard.insert(notice)
      give(.noticed(pid: pid, notice))
    }
  }

  private mutating func passTime() {
    // A start takes no time worth a mention.
    while !wishes.isEmpty { answerWish() }
    sleep()
    let nap = now.adding(milliseconds: Int.random(in: 1...100, using: &random))
    let wake = min(chance(2) ? nap : supervisor.nextDeadline ?? nextPulse, nextPulse)
    // A death wakes the loop.
    now = max(now, min(wake, alive.values.compactMap(\.endsAt).min() ?? wake))
    live()
    while !unreported.isEmpty, !record.hasFinished, isOrphaned || chance(2) { reportDeath() }
    // Sometimes early, as a publisher that wakes the loop makes it.
    if now >= nextPulse || chance(20) { pulse() }
    give(.tick)
  }

  /// The supervisor, or the whole machine, stands still for a while.
  private mutating func sleep() {
    guard chance(40), now.microseconds(since: lastSleep) > 200_000 else { return }
    now = now.adding(milliseconds: Int.random(in: 1...20_000, using: &random))
    lastSleep = now
    guard chance(2) else { return live() }
    for (pid, process) in alive where process.speaksAt != nil {
      alive[pid]?.speaksAt = now.adding(milliseconds: Int.random(in: 0...50, using: &random))
    }
  }

  private mutating func live() {
    for (pid, process) in alive.sorted(by: { $0.key < $1.key }) {
      alive[pid]?.speak(until: now)
      guard let endsAt = process.endsAt, endsAt <= now else { continue }
      alive[pid] = nil
      unreported.append((pid, process))
    }
  }

  private mutating func pulse() {
    let gap = min(now.microseconds(since: lastPulse), 1_000_000)
    for (pid, process) in alive where process.hangsSince != nil { alive[pid]?.silence += gap }
    lastPulse = now
    nextPulse = now.adding(milliseconds: Notice.aliveMilliseconds)
    while !unreported.isEmpty, !record.hasFinished { reportDeath() }
    for pid in alive.keys.sorted() { hear(pid) }
    give(.pulse)
    checkSilence()
  }

  private mutating func answerWish() {
    guard !wishes.isEmpty else { return }
    let slot = wishes.removeFirst()
    lastGeneration += 1
    record.created.insert(lastGeneration)
    if chance(10) {
      let failure = SpawnFailure(.shortage, "Resource temporarily unavailable")
      return give(.spawnFailed(slot: slot, generation: lastGeneration, failure))
    }
    lastPid += 1
    var process = SimulatedProcess(
      slot: slot, generation: lastGeneration, startedAt: now, obeys: !chance(4),
      sticks: chance(isSticky ? 1 : 6))
    if !chance(4) { process.speaksAt = now }
    if chance(3) {
      process.endsAt = now.adding(milliseconds: Int.random(in: 0...12_000, using: &random))
    }
    alive[lastPid] = process
    give(.spawned(slot: slot, generation: lastGeneration, pid: lastPid))
  }

  private mutating func reportDeath() {
    guard !unreported.isEmpty, !record.hasFinished else { return }
    let (pid, process) = unreported.removeFirst()
    if process.unheard.contains(.working) {
      record.worked.insert(process.generation)
      give(.noticed(pid: pid, .working))
    }
    if process.heard.contains(.working) { record.worked.insert(process.generation) }
    give(.exited(pid: pid, .status(1)))
    promise(record.exited.contains(process.generation), "a death is published")
    // Nothing is made of the same news a second time.
    if chance(5) { give(.exited(pid: pid, .status(1))) }
  }
}
