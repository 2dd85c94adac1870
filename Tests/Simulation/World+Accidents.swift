import Supervision
import Wire

/// What goes wrong, or is done by hand.
extension World {
  mutating func accident() throws {
    guard !isSettling else { return }
    plan(.accident, in: 0...2 * scenario.accidentInterval)
    guard !scenario.accidents.isEmpty else { return }
    let accident = scenario.accidents[pick(scenario.accidents.count)]
    note("accident: \(accident)")
    switch accident {
    case .workerDies, .workerIsCutOff, .workerIsStopped, .workerHangsInTheKernel, .workerIsTold,
      .nonsense:
      guard !living.isEmpty else { return }
      strike(living[pick(living.count)], accident)
    case .supervisorDies: killStation(pick(stations.count))
    case .supervisorSleeps:
      stations[pick(stations.count)].resumes = later(10_000...6_000_000)
    case .supervisorIsTold: tellStation(.stopRequested)
    case .supervisorRestarts: tellStation(.restartRequested)
    case .supervisorGrows: tellStation(.oneMoreRequested)
    case .supervisorShrinks: tellStation(.oneFewerRequested)
    case .routerDies: if isRouterUp { endRouter() }
    case .routerDrains:
      guard isRouterUp, now >= sleepsUntil, inbox.isEmpty else { return }
      ledger.isDraining = true
      try tell(.drain) { $0.drain(now: $1) }
    case .routerSleeps: sleepsUntil = max(sleepsUntil, later(10_000...6_000_000))
    case .databaseIsWritten: write(pick(databases.count))
    case .databaseVanishes:
      let database = pick(databases.count)
      if present.contains(database) { present.remove(database) } else { present.insert(database) }
    case .pardon:
      guard isRouterUp, now >= sleepsUntil, inbox.isEmpty else { return }
      try tell(.pardon) { broker, _ in broker.clearQuarantine() }
    // The machine was suspended, or its clock was set.
    case .clockJumps: now = later(1000...90_000_000)
    case .handWorkerComes:
      if living.count(where: { processes[$0].station == nil }) < 2 { startByHand() }
    }
  }

  private mutating func strike(_ process: Int, _ accident: Accident) {
    switch accident {
    case .workerIsStopped:
      processes[process].resumes = later(50_000...10_000_000)
      processes[process].isInKernel = false
    case .workerHangsInTheKernel:
      processes[process].resumes = later(1_000_000...10_000_000)
      processes[process].isInKernel = true
    case .workerIsCutOff: cutOff(process)
    case .workerIsTold: plan(.process(process, .terminate), in: 0...100)
    case .nonsense: processes[process].isConfused = true
    default:
      plan(.process(process, .dies(.signal("SEGV", "Segmentation fault"))), in: 0...100)
    }
  }

  private mutating func tellStation(_ input: Input) {
    let station = pick(stations.count)
    plan(
      .station(station, incarnation: stations[station].incarnation, .told(input)), in: 0...100)
  }

  private mutating func write(_ database: Int) {
    databases[database].version += 1
    for process in living where processes[process].found.contains(database) {
      guard !isLost() else { continue }
      let note = ChangeNote(member: processes[process].member, database: Database.names[database])
      plan(.note(.change(note)), in: 1000...25_000)
    }
  }
}
