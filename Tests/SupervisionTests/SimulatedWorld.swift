import Supervision
import TestSupport
import Testing
import Wire

/// Processes that start, become ready, die, obey or ignore TERM, and news of them that come late,
/// all by chance from one seed; and what must hold at every step.
struct SimulatedWorld {
  private struct Process {
    let slot: Int
    let generation: Int64
    let obeys: Bool
    /// When it ends; nil as long as nothing makes it end.
    var endsAt: Instant?
  }

  private var random: SeededRandom
  private var supervisor: Supervisor
  private var now = Instant(microseconds: 0)
  private var alive: [Int32: Process] = [:]
  /// Ended, and the supervisor has not been told.
  private var unreported: [(pid: Int32, slot: Int, generation: Int64)] = []
  /// Wishes for a child that were not answered.
  private var wishes: [Int] = []
  private var lastPid: Int32 = 100
  private var lastGeneration: Int64 = 0
  private var started: Set<Int64> = []
  private var exited: Set<Int64> = []
  private var stuck: Set<Int64> = []
  private var newest: [String: Int64] = [:]
  private var readySlots: Set<Int> = []
  private var hasSaidReady = false
  private var announced: Set<String> = []
  private var hasFinished = false
  /// Nobody waits long for an orphaned supervisor's children; so their deaths are not told late.
  private var isOrphaned = false
  private let count: Int

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    count = Int.random(in: 1...5, using: &random)
    let grace = Int.random(in: 0...3000, using: &random)
    supervisor = Supervisor(
      Settings(name: "w", count: count, graceMilliseconds: grace), now: now)
  }

  mutating func run() {
    give(.begin)
    let steps = Int.random(in: 0...150, using: &random)
    for _ in 0..<steps where !hasFinished { step() }
    isOrphaned = chance(4)
    give(isOrphaned ? .orphaned : .stopRequested)
    for _ in 0..<2000 where !hasFinished {
      if chance(100) { give(.stopRequested) }
      step()
    }
    #expect(hasFinished)
    let left = alive.values.map(\.generation) + unreported.map(\.generation)
    #expect(stuck.isSuperset(of: left))
    #expect(started.subtracting(left) == exited)
  }

  private mutating func chance(_ oneIn: Int) -> Bool {
    Int.random(in: 0..<oneIn, using: &random) == 0
  }

  private mutating func step() {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: answerWish()
    case 1: if let pid = alive.keys.min(), chance(2) { sayReady(pid) }
    case 2: if let pid = alive.keys.max() { sayReady(pid) }
    case 3:
      if chance(3), let pid = alive.keys.randomElement(using: &random) { alive[pid]?.endsAt = now }
    case 4:
      let pid = Int32.random(in: 90...200, using: &random)
      if alive[pid] == nil && !unreported.contains(where: { $0.pid == pid }) {
        give(.noticed(pid: pid, .ready))
      }
    case 5: reportDeath()
    default: passTime()
    }
  }

  private mutating func passTime() {
    // A start takes no time worth a mention.
    while !wishes.isEmpty { answerWish() }
    let nap = now.adding(milliseconds: Int.random(in: 1...100, using: &random))
    let wake = chance(2) ? nap : supervisor.nextDeadline ?? nap
    // A death wakes the loop.
    now = max(now, min(wake, alive.values.compactMap(\.endsAt).min() ?? wake))
    for (pid, process) in alive.sorted(by: { $0.key < $1.key }) {
      guard let endsAt = process.endsAt, endsAt <= now else { continue }
      alive[pid] = nil
      unreported.append((pid, process.slot, process.generation))
    }
    while !unreported.isEmpty && (isOrphaned || chance(2)) { reportDeath() }
    give(.tick)
  }

  private mutating func answerWish() {
    guard !wishes.isEmpty else { return }
    let slot = wishes.removeFirst()
    #expect(
      !alive.values.contains { $0.slot == slot && !stuck.contains($0.generation) },
      "two processes in slot \(slot)")
    lastGeneration += 1
    if chance(10) {
      started.insert(lastGeneration)
      let failure = SpawnFailure(.shortage, "Resource temporarily unavailable")
      return give(.spawnFailed(slot: slot, generation: lastGeneration, failure))
    }
    lastPid += 1
    alive[lastPid] = Process(slot: slot, generation: lastGeneration, obeys: !chance(4))
    if chance(3) {
      alive[lastPid]?.endsAt = now.adding(milliseconds: Int.random(in: 0...8000, using: &random))
    }
    started.insert(lastGeneration)
    give(.spawned(slot: slot, generation: lastGeneration, pid: lastPid))
  }

  private mutating func sayReady(_ pid: Int32) {
    guard let process = alive[pid] else { return }
    readySlots.insert(process.slot)
    give(.noticed(pid: pid, .ready))
  }

  private mutating func reportDeath() {
    guard !unreported.isEmpty else { return }
    let (pid, slot, _) = unreported.removeFirst()
    readySlots.remove(slot)
    give(.exited(pid: pid, .status(1)))
    // Nothing is made of the same news a second time.
    if chance(5) { give(.exited(pid: pid, .status(1))) }
  }

  private mutating func give(_ input: Input) {
    let effects = supervisor.handle(input, now: now, random: &random)
    if case .exited = input, let first = effects.first {
      guard case .publish(let line) = first, line.word == "worker.exited" else {
        Issue.record("a death was not published first: \(first)")
        return
      }
    }
    for effect in effects { carryOut(effect) }
  }

  private mutating func carryOut(_ effect: Effect) {
    #expect(!hasFinished, "an effect after the end")
    switch effect {
    case .publish(let line): hear(line)
    case .report: break
    case .spawn(let slot): wishes.append(slot)
    case .signal(let group, let deed):
      guard var process = alive[group] else { return }
      let delay = Int.random(in: 0...200, using: &random)
      let end = now.adding(milliseconds: delay)
      #expect(announced.contains("w-\(process.slot + 1)"), "a signal without a word")
      if deed == .kill || process.obeys { process.endsAt = min(process.endsAt ?? end, end) }
      alive[group] = process
    case .sayReady:
      #expect(!hasSaidReady && readySlots.count == count)
      hasSaidReady = true
    case .finish: hasFinished = true
    }
  }

  private mutating func hear(_ event: Line) {
    guard let member = Member(event) else { return }
    switch event.word {
    case "worker.started":
      #expect(member.generation > newest[member.name, default: 0])
      newest[member.name] = member.generation
    case "worker.exited":
      #expect(exited.insert(member.generation).inserted, "a death was published twice")
    case "worker.stuck":
      #expect(stuck.insert(member.generation).inserted)
      #expect(!exited.contains(member.generation))
    case "worker.stopping": announced.insert(member.name)
    default: break
    }
  }
}
