import Supervision
import TestSupport
import Wire

/// The supervisors' processes: what `SuperviseLoop` does around the state machine.
extension World {
  mutating func start(_ index: Int) {
    guard stations[index].machine == nil else { return }
    stations[index].incarnation = takeNumber()
    stations[index].sequence = 0
    stations[index].children = [:]
    stations[index].last = [:]
    stations[index].tickDue = nil
    stations[index].resumes = now
    stations[index].machine = Supervisor(
      Settings(
        name: stations[index].name, count: stations[index].workers,
        graceMilliseconds: scenario.graceMilliseconds),
      now: now)
    tell(index, .begin)
    let incarnation = stations[index].incarnation
    plan(.station(index, incarnation: incarnation, .pulse), in: 500_000...500_000)
    plan(.station(index, incarnation: incarnation, .state), in: 1000...1000)
  }

  mutating func happen(at index: Int, _ incarnation: Int64, _ event: StationEvent) {
    guard stations[index].machine != nil, incarnation == stations[index].incarnation else { return }
    if now < stations[index].resumes {
      let happening = Happening.station(index, incarnation: incarnation, event)
      return agenda.plan(happening, at: stations[index].resumes)
    }
    switch event {
    case .tick:
      stations[index].tickDue = nil
      tell(index, .tick)
    case .pulse:
      for process in living where processes[process].incarnation == incarnation {
        guard now >= processes[process].resumes, processes[process].station == index else {
          continue
        }
        tell(index, .noticed(pid: processes[process].pid, .alive))
      }
      tell(index, .pulse)
      plan(.station(index, incarnation: incarnation, .pulse), in: 500_000...500_000)
    case .state:
      publishState(index)
      plan(.station(index, incarnation: incarnation, .state), in: 1_000_000...1_000_000)
    case .childSays(let pid, let notice): tell(index, .noticed(pid: pid, notice))
    case .childExits(let pid, let ending):
      stations[index].children[pid] = nil
      tell(index, .exited(pid: pid, ending))
    case .told(let input): tell(index, input)
    }
  }

  mutating func publishState(_ index: Int) {
    guard let state = stations[index].machine?.state, now >= stations[index].resumes else { return }
    publish(index, state.line, state.members)
  }

  private mutating func tell(_ index: Int, _ input: Input) {
    guard let effects = stations[index].machine?.handle(input, now: now, random: &random) else {
      return
    }
    for effect in effects { carryOut(effect, at: index) }
    guard let machine = stations[index].machine, let due = machine.nextDeadline else { return }
    if let planned = stations[index].tickDue, planned <= due { return }
    stations[index].tickDue = due
    let tick = Happening.station(index, incarnation: stations[index].incarnation, .tick)
    agenda.plan(tick, at: max(due, now.adding(microseconds: 10)))
  }

  private mutating func carryOut(_ effect: Supervision.Effect, at index: Int) {
    switch effect {
    case .publish(let line): publish(index, line)
    case .spawn(let slot): spawn(slot, at: index)
    case .signal(let group, let deed):
      guard let process = stations[index].children[group] else { return }
      switch deed {
      case .terminate: plan(.process(process, .terminate), in: 20...500)
      case .kill: plan(.process(process, .kill), in: 20...500)
      case .hangUp: break
      }
    case .finish:
      stations[index].machine = nil
      plan(.stationStarts(index), in: 50_000...1_500_000)
    case .report, .sayReady: break
    }
  }

  private mutating func spawn(_ slot: Int, at index: Int) {
    guard let machine = stations[index].machine else { return }
    let member = Member(name: machine.settings.childName(slot), generation: takeNumber())
    if chance(scenario.failedStarts) && !isSettling {
      let failure = SpawnFailure(.shortage, "Resource temporarily unavailable")
      return tell(index, .spawnFailed(slot: slot, generation: member.generation, failure))
    }
    let process = startProcess(
      member, station: index, incarnation: stations[index].incarnation,
      serves: stations[index].serves)
    stations[index].children[processes[process].pid] = process
    tell(
      index, .spawned(slot: slot, generation: member.generation, pid: processes[process].pid))
  }

  private mutating func publish(_ index: Int, _ line: Line, _ members: [Line] = []) {
    if members.isEmpty { noteWord(index, line) }
    if line.word != Publication.stateWord { stations[index].sequence += 1 }
    let word = Word(
      Publication(
        publisher: PublisherIdentity(
          name: stations[index].name, incarnation: stations[index].incarnation),
        sequence: stations[index].sequence, line: line, members: members))
    if line.word == "worker.stopping", let member = Member(line),
      let process = living.first(where: { processes[$0].member == member }), !isLost()
    {
      let due = processes[process].fromStation.due(arrival())
      agenda.plan(.heard(process: process, word), at: due)
    }
    if !isLost() {
      let due = stations[index].toRouter.due(arrival())
      agenda.plan(.publication(station: index, word), at: due)
    }
  }

  /// Whether a publication does not arrive.
  mutating func isLost() -> Bool { chance(scenario.lost) && !isSettling }

  /// Counts what the supervisor says about each of its processes.
  private mutating func noteWord(_ index: Int, _ line: Line) {
    guard let word = StationWord(line), let name = line["name"] else { return }
    ledger.coverage.note(stations[index].last[name] ?? .nothing, word)
    stations[index].last[name] = word
    // It counts as dead, though it has not ended.
    if word == .stuck, let member = Member(line),
      let process = living.first(where: { processes[$0].member == member })
    {
      ledger.hasEnded(processes[process].connections)
    }
  }

  /// The supervisor's process ends, and what it has started with it.
  mutating func killStation(_ index: Int) {
    guard stations[index].machine != nil else { return }
    stations[index].machine = nil
    for process in stations[index].children.values.sorted() {
      // Some take their time, for example to write out a large core.
      plan(.process(process, .kill), in: chance(20) ? 20...2_000_000 : 20...5000)
      processes[process].isDoomed = true
      ledger.hasEnded(processes[process].connections)
    }
    plan(.stationStarts(index), in: 50_000...1_500_000)
  }
}
