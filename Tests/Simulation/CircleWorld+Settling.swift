import Wire

/// What goes wrong, and how everything comes to its end.
extension CircleWorld {
  mutating func accident() throws {
    guard !isSettling else { return }
    plan(.accident, in: 0...2 * scenario.accidentInterval)
    guard !scenario.accidents.isEmpty else { return }
    let accident = scenario.accidents[pick(scenario.accidents.count)]
    let (site, worker) = (pick(sites.count), pick(workers.count))
    let link = linkToStrike()
    note("accident: \(accident) at \(site), \(worker), \(link.map(String.init) ?? "no link")")
    switch accident {
    case .workerDies: die(worker)
    case .brokerDies: if sites[site].isUp { end(site) }
    case .brokerDrains:
      try tell(site) { $0.drain(now: $1, end: $1.adding(milliseconds: 2000)) }
    case .linkIsCut: if let link { cut(link) }
    case .linkBreaks: if let link { breakDown(link) }
    case .linkStalls: if let link { stall(link) }
    case .databaseIsWritten:
      let database = pick(scenario.databases)
      versions[database] += 1
      for site in sites.indices {
        plan(.changed(site: site, database: database), in: 1000...25_000)
      }
    case .workerFindsOther:
      let database = pick(scenario.databases)
      if workers[worker].serves.contains(database) {
        workers[worker].serves.remove(database)
      } else {
        workers[worker].serves.insert(database)
      }
    }
  }

  /// Mostly one through which an answer is to come.
  private mutating func linkToStrike() -> Int? {
    guard !links.isEmpty else { return nil }
    let used = links.indices.filter { !sites[links[$0].site].outstanding[links[$0].peer].isEmpty }
    return used.isEmpty || chance(30) ? pick(links.count) : used[pick(used.count)]
  }

  mutating func tellOfChange(of database: Int, at site: Int) throws {
    guard let worker = workers.first(where: { $0.site == site }) else { return }
    let note = ChangeNote(member: worker.member, database: Database.names[database])
    try tell(site) { $0.receive(note, now: $1) }
  }

  /// Nothing fails any more: everything has to come to its end, and all brokers to use each other
  /// again.
  mutating func settle() throws {
    isSettling = true
    heal()
    for (worker, planned) in scenario.workers.enumerated() {
      workers[worker].serves = planned.serves
      // It looks when it is started.
      if workers[worker].reported != planned.serves { die(worker) }
    }
    for number in ledger.requests.indices where !ledger.requests[number].isOver {
      plan(.reads(request: number), in: 0...3000)
    }
    let limit = now.adding(milliseconds: Self.settlingMilliseconds)
    try run(until: limit) { $0.sites.allSatisfy { $0.isUp && !$0.broker.isDraining } }
    let healed = now
    try run(until: now.adding(milliseconds: Self.healingMilliseconds)) {
      $0.stranger(since: healed) == nil
    }
    if let stranger = stranger(since: healed) {
      throw Violation("\(stranger) after all links are whole")
    }
    try run(until: limit) { $0.restlessness == nil }
    if let what = restlessness { throw Violation("in the end \(what)") }
    // Workers may have come meanwhile, with databases of which peers hear when they ask next.
    try run(until: now.adding(milliseconds: Self.healingMilliseconds)) {
      $0.stranger(since: healed) == nil
    }
    if let stranger = stranger(since: healed) { throw Violation("\(stranger) in the end") }
    try probe()
    try overload()
  }

  private mutating func run(until limit: Instant, _ isEnough: (Self) -> Bool) throws {
    while !isEnough(self), now < limit { try step() }
  }

  /// Who does not know a peer, or what it has; nil when all do.
  private func stranger(since healed: Instant) -> String? {
    for link in links {
      let (site, target) = (sites[link.site], sites[link.target])
      guard let connection = link.connection, !connections[connection].isCut else {
        return "\(site.name) has no connection to \(target.name)"
      }
      guard site.broker.peers[link.peer].lastHeard > healed else {
        return "\(site.name) has not heard \(target.name)"
      }
      // It will give up what is on its way when it hears that.
      if link.lostSerial == link.serial {
        return "\(site.name) has not heard of the end of its connection to \(target.name)"
      }
      let known = site.broker.peers[link.peer].capacity?.broker
      if known != target.name { return "\(site.name) takes \(target.name) for \(known ?? "lost")" }
      let names = site.broker.peers[link.peer].names
      let has = databases(of: link.target)
      let there = scenario.allDatabases.filter(has.contains).map { Database.names[$0] }
      if link.site != link.target, names != Set(there) {
        return "\(site.name) thinks that \(target.name) has \(names.sorted()), not \(there)"
      }
    }
    return nil
  }

  /// What there is that should not be when nothing goes on; nil when there is nothing such.
  private var restlessness: String? {
    if let open = ledger.requests.indices.first(where: { !ledger.requests[$0].isOver }) {
      return "\(open) is not answered"
    }
    for (index, site) in sites.enumerated() {
      let broker = site.broker
      if !broker.requests.isEmpty || !broker.inFlight.isEmpty || !broker.clients.isEmpty {
        return "\(site.name) has requests"
      }
      if !broker.queue.isEmpty || !broker.unresolved.isEmpty || !broker.parked.isEmpty {
        return "something waits at \(site.name)"
      }
      if broker.workers.values.contains(where: { $0.state != .idle }) { return "a worker is busy" }
      let there = workers.count { $0.site == index }
      if broker.workers.count != there { return "\(broker.workers.count) of \(there) workers" }
      for worker in workers where worker.site == index && worker.reported != worker.serves {
        return "\(worker.name) has not looked"
      }
      for peer in broker.peers where peer.room(isOnlyOne: true) != peer.mostRoom {
        return "\(site.name) counts something at \(peer.endpoint)"
      }
    }
    return nil
  }

  // MARK: All is well

  /// The databases that a broker's workers have.
  private func databases(of site: Int) -> DatabaseSet {
    workers.filter { $0.site == site }.reduce(into: DatabaseSet()) { $0.formUnion($1.serves) }
  }

  /// Every broker runs what its workers or those of its peers can run.
  private mutating func probe() throws {
    var probes: [Int] = []
    for site in sites.indices {
      let near = scenario.peers[site].reduce(into: databases(of: site)) {
        $0.formUnion(databases(of: $1))
      }
      for database in scenario.allDatabases where near.contains(database) {
        probes += send(1, at: site, text: quickText, database: database)
      }
    }
    try finish(probes)
  }

  /// Of what one broker has too much of, others run some.
  private mutating func overload() throws {
    // Where little may wait, nobody has too much.
    guard scenario.maxQueuedRequests > 100 && scenario.maxRequestsInFlight > 100 else { return }
    for site in sites.indices {
      let own = databases(of: site)
      for database in scenario.allDatabases where own.contains(database) {
        let helpers = scenario.peers[site].indices.filter { number in
          let peer = scenario.peers[site][number]
          return peer != site && databases(of: peer).contains(database)
        }
        guard !helpers.isEmpty else { continue }
        let before = answered(at: site, helpers)
        let load = 4 * workers.count { $0.site == site } + 4
        try finish(send(load, at: site, text: slowText, database: database))
        try require(answered(at: site, helpers) > before, "\(sites[site].name) has to do it all")
        return ledger.coverage.note(.isRelieved)
      }
    }
  }

  private func answered(at site: Int, _ helpers: [Int]) -> Int {
    helpers.reduce(0) { $0 + sites[site].broker.peers[$1].answered }
  }

  /// Sends requests from a client of its own. Returns their numbers.
  private mutating func send(_ count: Int, at site: Int, text: Int, database: Int) -> [Int] {
    callers.append(CircleCaller(site: site))
    let caller = callers.count - 1
    connect(caller: caller)
    let query = Query(
      id: nil, database: Database.names[database], format: .json, deadlineMilliseconds: 10_000)
    return (0..<count).compactMap { _ in ask(caller, query, text: text, database: database) }
  }

  /// All of them are run.
  private mutating func finish(_ probes: [Int]) throws {
    let limit = now.adding(milliseconds: 11_000)
    try run(until: limit) { world in probes.allSatisfy { world.ledger.requests[$0].isOver } }
    let done = probes.count { ledger.requests[$0].isDone }
    try require(done == probes.count, "\(done) of \(probes.count) were run when all was well")
  }
}

extension PeerBroker {
  /// What it can take when it has nothing of what it was handed.
  var mostRoom: Int {
    guard let capacity else { return 0 }
    return min(
      capacity.workers * Constants.handedPerWorker, capacity.watches.map { max(1, $0) } ?? .max)
  }
}
