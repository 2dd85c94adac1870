package import Wire

extension Broker {
  /// Something was published. What does not come from a supervisor is of no concern.
  package mutating func receive(_ publication: Publication, now: Instant) {
    let isState = publication.isState && publication.line["role"] == "supervisor"
    let word = publication.line.word
    let isEvent = word.hasPrefix("worker.") || word.hasPrefix("supervisor.")
    guard isState || isEvent else { return }
    let name = publication.publisher.name
    guard hear(publication.publisher, now) else { return }
    supervisors[name]?.isStopped = word == "supervisor.stopped"
    if isState {
      replaceSlots(of: name, publication.members, now)
    } else if let member = Member(publication.line), let phase = Self.phase(after: publication.line)
    {
      let isOverdue = publication.line["status"] == String(Self.overdueStatus)
      learn(member, phase, from: name, isOverdue ? .overdue : .died, now)
    }
  }

  /// With this a worker exits that could not stop what it ran.
  private static var overdueStatus: Int { 79 }

  /// The phase into which an event puts its process.
  private static func phase(after event: Line) -> Phase? {
    switch event.word {
    case "worker.started": .started
    case "worker.ready": .ready
    case "worker.stopping": .stopping
    case "worker.exited", "worker.backoff": .backoff
    case EventWord.stuck: .stuck
    default: nil
    }
  }

  /// Notes that a supervisor lives; false when this is an earlier incarnation's voice.
  private mutating func hear(_ publisher: PublisherIdentity, _ now: Instant) -> Bool {
    let known = supervisors[publisher.name]
    if let known, publisher.incarnation < known.incarnation {
      noteRival(publisher.name, now)
      return false
    }
    supervisors[
      publisher.name, default: SupervisorRecord(incarnation: 0, lastHeard: now, rivalDue: now)
    ].lastHeard = now
    guard publisher.incarnation > known?.incarnation ?? 0 else { return true }
    supervisors[publisher.name]?.incarnation = publisher.incarnation
    supervisors[publisher.name]?.rivalDue = now.adding(milliseconds: Constants.silenceMilliseconds)
    // Incarnations and generations are numbers of one series: what an earlier supervisor started
    // has a lower one, and ended with it.
    for (peer, worker) in workers
    where worker.supervisor == publisher.name && worker.member.generation < publisher.incarnation {
      lose(peer, why: "its supervisor ended", .uncounted, now)
    }
    return true
  }

  /// Nobody's last words come so late: there are two supervisors of a name. Only the later one counts.
  private mutating func noteRival(_ name: String, _ now: Instant) {
    guard let due = supervisors[name]?.rivalDue, now >= due else { return }
    supervisors[name]?.rivalDue = now.adding(milliseconds: Constants.silenceMilliseconds)
    effects.append(
      .publish(
        Line("router.rejected").with("from", "supervisor").with("name", name)
          .with("why", "a later one of the same name is heard as well")))
  }

  private mutating func replaceSlots(of supervisor: String, _ lines: [Line], _ now: Instant) {
    var listed: Set<String> = []
    for line in lines {
      guard let member = Member(line), let phase = line["phase"].flatMap(Phase.init) else {
        continue
      }
      listed.insert(member.name)
      learn(member, phase, from: supervisor, .died, now)
    }
    for name in supervisors[supervisor]?.slots.keys.filter({ !listed.contains($0) }) ?? [] {
      supervisors[supervisor]?.slots[name] = nil
      hasLostNames = true
      for peer in threads(of: name, supervisor) {
        lose(peer, why: "its supervisor does not list it", .uncounted, now)
      }
    }
  }

  /// Learns where a supervised process stands. Word of an earlier generation changes nothing.
  /// - Parameter loss: what it means when the process is dead by that.
  private mutating func learn(
    _ member: Member, _ phase: Phase, from supervisor: String, _ loss: Loss, _ now: Instant
  ) {
    let known = supervisors[supervisor]?.slots[member.name]
    guard member.generation >= known?.generation ?? .min else { return }
    // A process that has ended does not come back to life under its generation, and one that is to
    // end may say only then that it is ready.
    if let known, member.generation == known.generation, phase.isAlive,
      !known.phase.isAlive || known.phase == .stopping
    {
      return
    }
    let threads = threads(of: member.name, supervisor)
    let worker = threads.first.flatMap { workers[$0] }
    // A stop that was announced is nobody's fault, neither is the death that follows.
    let wasStopping = known?.phase == .stopping && known?.generation == worker?.member.generation
    supervisors[supervisor]?.slots[member.name] = SupervisorRecord.Slot(
      generation: member.generation, phase: phase, names: worker?.names ?? known?.names ?? [])
    guard let worker else { return }
    if isDead(worker) {
      loseProcess(threads, why: "it ended", wasStopping ? .uncounted : loss, now)
    } else if isStopping(worker) {
      for thread in threads.compactMap({ workers[$0] }) where thread.state == .idle {
        dismiss(thread)
      }
    }
  }

  /// The workers of a supervised process: several if they are its threads.
  private func threads(of process: String, _ supervisor: String) -> [PeerID] {
    if let peer = connections[process] {
      return workers[peer]?.supervisor == supervisor ? [peer] : []
    }
    guard hasThreads else { return [] }
    return workers.compactMap { $1.process == process && $1.supervisor == supervisor ? $0 : nil }
  }

  @inline(__always)
  private func slot(_ worker: WorkerRecord) -> SupervisorRecord.Slot? {
    worker.supervisor.flatMap { supervisors[$0]?.slots[worker.process] }
  }

  /// Whether its supervisor has said that this incarnation has ended.
  @inline(__always)
  func isDead(_ worker: WorkerRecord) -> Bool {
    if let supervisor = worker.supervisor, let record = supervisors[supervisor],
      worker.member.generation < record.incarnation
    {
      return true
    }
    guard let slot = slot(worker) else { return false }
    return worker.member.generation < slot.generation
      || worker.member.generation == slot.generation && !slot.phase.isAlive
  }

  /// Whether its supervisor is ending it.
  @inline(__always)
  func isStopping(_ worker: WorkerRecord) -> Bool {
    guard let slot = slot(worker) else { return false }
    return slot.generation == worker.member.generation && slot.phase == .stopping
  }

  /// Whether a worker that is away but supervised had the database.
  func isExpectedHere(_ database: String) -> Bool {
    !isDraining
      && supervisors.values.contains { $0.slots.values.contains { $0.names.contains(database) } }
  }

  /// Drops the workers of supervisors that have fallen silent. What those had is expected back for a while,
  /// unless they had said that they end.
  mutating func dropSilent(_ now: Instant) {
    for (name, record) in supervisors where now >= record.silenceEnd {
      hasLostNames = true
      guard !record.isSilent else {
        supervisors[name] = nil
        continue
      }
      supervisors[name] =
        record.isStopped
        ? nil
        : SupervisorRecord(
          incarnation: 0, lastHeard: record.lastHeard, rivalDue: now,
          slots: record.slots.mapValues { .init(generation: 0, phase: .backoff, names: $0.names) })
      for (peer, worker) in workers where worker.supervisor == name {
        lose(peer, why: "its supervisor is silent", .uncounted, now)
      }
    }
  }
}
