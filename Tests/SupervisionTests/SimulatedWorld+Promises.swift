import Supervision
import Testing
import Wire

extension SimulatedWorld {
  /// What was seen of a supervisor.
  struct Record {
    /// The slots in which there is to be a process.
    var wanted: Set<Int>
    var created: Set<Int64> = []
    var exited: Set<Int64> = []
    var stuck: Set<Int64> = []
    /// Those whose end was announced, and those whose killing was.
    var announced: Set<Int64> = []
    var killed: Set<Int64> = []
    /// Those that were sent TERM.
    var told: Set<Int64> = []
    /// Those that had said that they work before they died.
    var worked: Set<Int64> = []
    /// Who was told to end last to be restarted, and whether its successor has come up.
    var turn: (slot: Int, generation: Int64, isBack: Bool)?
    var newest: [String: Int64] = [:]
    var isStopping = false
    var hasSaidReady = false
    var hasFinished = false
    /// How often each event was published.
    var events: [String: Int] = [:]

    init(count: Int) {
      wanted = Set(0..<count)
    }
  }

  mutating func give(_ input: Input) {
    noteWhoIsBack()
    let slots = input == .oneMoreRequested ? slots : []
    let effects = supervisor.handle(input, now: now, random: &random)
    if case .exited = input, let first = effects.first {
      let isDeath =
        if case .publish(let line) = first { line.word == "worker.exited" } else { false }
      promise(isDeath, "a death is published first")
    }
    for effect in effects { carryOut(effect, slots) }
  }

  /// - Parameter slots: which the supervisor had before.
  private mutating func carryOut(_ effect: Effect, _ slots: Set<Int>) {
    promise(!record.hasFinished, "nothing happens after the end")
    switch effect {
    case .publish(let line):
      record.events[line.word, default: 0] += 1
      if line.word == "supervisor.resized" { resize(line, slots) }
      if line.word == "supervisor.stopping" { record.isStopping = true }
      // What was begun is finished; nobody waits any more for a successor that is there.
      if line.word == "supervisor.restarting",
        !processes.contains(where: { $0.generation == record.turn?.generation })
      {
        record.turn = nil
      }
      if let member = Member(line) { hear(line.word, member) }
    case .report:
      record.events["report", default: 0] += 1
      promise(record.wanted.count == 1 || isNest, "only bounds are refused")
    case .spawn(let slot): wishes.append(slot)
    case .signal(let group, let deed): signal(group, deed)
    case .sayReady:
      let ready = processes.filter { $0.heard.contains(.ready) }.map(\.slot)
      promise(!record.hasSaidReady && record.wanted.isSubset(of: ready), "ready once all are")
      record.hasSaidReady = true
    case .finish: record.hasFinished = true
    }
  }

  private mutating func hear(_ word: String, _ member: Member) {
    switch word {
    case "worker.started":
      promise(member.generation > record.newest[member.name, default: 0], "generations rise")
      record.newest[member.name] = member.generation
    case "worker.exited":
      promise(record.exited.insert(member.generation).inserted, "a death is published once")
    case "worker.stuck":
      promise(record.stuck.insert(member.generation).inserted, "stuck once")
      promise(!record.exited.contains(member.generation), "the dead are not stuck")
      promise(record.killed.contains(member.generation), "only the killed are stuck")
    case "worker.stopping":
      promise(record.announced.insert(member.generation).inserted, "an end is announced once")
      if !record.isStopping, let slot = slot(member.name), record.wanted.contains(slot) {
        takeTurn(slot, member.generation)
      }
    case "worker.killed":
      promise(record.killed.insert(member.generation).inserted, "killed once")
    case "worker.backoff":
      promise(!record.announced.contains(member.generation), "the restarted come at once")
      promise(!record.worked.contains(member.generation), "who worked comes back at once")
    default: break
    }
  }

  private mutating func resize(_ line: Line, _ slots: Set<Int>) {
    if line["workers"] == String(record.wanted.count + 1) {
      // The first number that nobody has.
      record.wanted.insert((0...).first { !slots.contains($0) } ?? 0)
    } else if let last = record.wanted.max() {
      record.wanted.remove(last)
      if record.turn?.slot == last { record.turn = nil }
    }
    promise(line["workers"] == String(record.wanted.count), "the size is right")
  }

  private mutating func signal(_ group: Int32, _ deed: Effect.Deed) {
    guard var process = alive[group] else { return }
    let soon = now.adding(milliseconds: Int.random(in: 0...200, using: &random))
    switch deed {
    case .hangUp:
      promise(process.heard.contains(.takesHangUp), "only who takes HUP gets it")
    case .terminate:
      promise(record.announced.contains(process.generation), "announced, then told")
      promise(record.told.insert(process.generation).inserted, "told once")
      if process.obeys { process.endsAt = min(process.endsAt ?? soon, soon) }
    case .kill:
      promise(record.killed.contains(process.generation), "published, then killed")
      let later = now.adding(
        milliseconds: Int.random(in: 0...(isSticky ? 600_000 : 60_000), using: &random))
      let end = process.sticks ? later : soon
      process.endsAt = process.sticks ? end : min(process.endsAt ?? end, end)
    }
    alive[group] = process
  }

  /// A process is restarted: whoever was before it is back.
  private mutating func takeTurn(_ slot: Int, _ generation: Int64) {
    noteWhoIsBack()
    promise(record.turn?.isBack ?? true, "the successor is back before the next one ends")
    record.turn = (slot, generation, false)
  }

  private mutating func noteWhoIsBack() {
    guard let turn = record.turn else { return }
    let isBack = processes.contains {
      $0.slot == turn.slot && $0.generation > turn.generation
        && ($0.heard.contains(.ready) || now.microseconds(since: $0.startedAt) >= 5_000_000)
    }
    if isBack { record.turn?.isBack = true }
  }

  /// Those whose end the supervisor has not heard of.
  private var left: [SimulatedProcess] { Array(alive.values) + unreported.map(\.process) }

  /// Those of them that it counts as there.
  private var processes: [SimulatedProcess] {
    left.filter { !record.stuck.contains($0.generation) }
  }

  private var slots: Set<Int> {
    Set(supervisor.state.members.compactMap { $0["name"].flatMap(slot) })
  }

  /// The slot of `w-1` is 0.
  private func slot(_ name: String) -> Int? { Int(name.dropFirst(2)).map { $0 - 1 } }

  mutating func check() {
    if record.hasFinished { return }
    let taken = processes.map(\.slot)
    promise(Set(taken).count == taken.count, "one process in a slot")
    let slots = slots
    promise(slots.isSuperset(of: record.wanted), "all that are wanted are there")
    promise(slots.subtracting(record.wanted).isSubset(of: taken + wishes), "others only end")
    if record.isStopping { return }
    let restarting = processes.filter {
      record.told.contains($0.generation) && record.wanted.contains($0.slot)
    }
    promise(restarting.count <= 1, "one is restarted at a time")
    for slot in slots {
      let stuck = left.filter { $0.slot == slot && record.stuck.contains($0.generation) }
      promise(stuck.count <= 3, "three are stuck at most")
      if stuck.count == 3 { record.events["three stuck", default: 0] += 1 }
    }
  }

  /// Who runs is not killed for its silence; who hangs is, in time.
  func checkSilence() {
    if record.isStopping { return }
    for process in processes where !record.announced.contains(process.generation) {
      if record.killed.contains(process.generation) {
        // A sleep of the machine before that counts as a second.
        let time = process.hangsSince.map { now.microseconds(since: $0) } ?? 0
        promise(time >= 1_900_000, "who runs is not killed")
      } else if process.heard.contains(.alive) {
        promise(process.silence <= 4_500_000, "who hangs is killed")
      }
    }
  }

  func checkTheEnd() {
    promise(record.hasFinished, "everything ends")
    let isAlone = processes.allSatisfy { isOrphaned && $0.sticks }
    promise(isAlone, "nobody is left behind")
    let buried = record.created.subtracting(left.map(\.generation))
    promise(buried == record.exited, "who has ended is buried")
  }

  func promise(_ isKept: Bool, _ what: String) {
    if !isKept { Issue.record("seed \(seed) at \(now.microseconds / 1000) ms: not so: \(what)") }
  }
}
