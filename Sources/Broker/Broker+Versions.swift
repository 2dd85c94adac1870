package import Wire

extension Broker {
  /// A worker has seen that the file of a database was written to.
  package mutating func receive(_ note: ChangeNote, now: Instant) {
    guard isServedHere(note.database) else { return }
    versions.noted(note.database, now: now)
  }

  /// Has workers look at the databases that may have changed, for which no request waits: all idle ones
  /// but one, which is for whoever asks next.
  mutating func checkVersions(_ now: Instant) {
    guard !versions.checks.isEmpty else { return }
    while idle.count > 1 || maySpareLast(now) {
      guard let database = dueCheck(by: now, isSpare: idle.count > 1, now) else { return }
      check(database, now)
    }
  }

  /// The same while requests wait, for a look that waits for long: it must not wait for ever.
  mutating func checkLate(_ now: Instant) {
    guard !versions.checks.isEmpty, queue.count > 0, now >= nextLateCheck, maySpareLast(now) else {
      return
    }
    nextLateCheck = now.adding(milliseconds: 1)
    let late = now.adding(milliseconds: -Constants.lateCheckMilliseconds)
    if let database = dueCheck(by: late, isSpare: false, now) { check(database, now) }
  }

  /// Whether the only idle worker may look: when no other one does, but for those that may never come back.
  private func maySpareLast(_ now: Instant) -> Bool {
    !idle.isEmpty && looks.values.allSatisfy { now >= Self.end(ofLookBegun: $0) }
  }

  /// When whoever looks is waited for no longer: it has been lost by then, or nobody can tell.
  static func end(ofLookBegun begun: Instant) -> Instant {
    begun.adding(milliseconds: Constants.lookMilliseconds)
  }

  /// The database that an idle worker is to look at first.
  /// - Parameter isSpare: whether there is another idle one. Otherwise looks for which nobody waits take a
  ///   share of the time only.
  private func dueCheck(by time: Instant, isSpare: Bool, _ now: Instant) -> String? {
    let hasRested = isSpare || now >= nextCheck
    if !hasRested && parked.isEmpty { return nil }
    return versions.next(
      due: time, preferring: isWaitedFor,
      where: { (hasRested || isWaitedFor($0)) && idleWorker(for: $0) != nil })
  }

  /// Whether somebody waits for a change of a database.
  private func isWaitedFor(_ database: String) -> Bool {
    !parked.isEmpty && parked.lanes[database] != nil
  }

  /// The databases for whose changes somebody waits, that were written to, and at which for long no worker was idle
  /// to look; with the times from which on that is so.
  var lateLooks: [(database: String, from: Instant)] {
    guard idle.isEmpty, !parked.isEmpty else { return [] }
    return parked.databases.compactMap { database in
      versions.due(ofWritten: database).map {
        (database, $0.adding(milliseconds: Constants.stallMilliseconds))
      }
    }
  }

  private mutating func check(_ database: String, _ now: Instant) {
    guard let first = idleWorker(for: database) else { return }
    let worker = idle.remove(at: first)
    worker.state = .checking(database)
    worker.checkBegun = now
    looks[worker.peer] = now
    versions.began(database)
    effects.append(.tell(worker.peer, .check(database: database)))
  }

  /// A look has ended.
  private mutating func rest(after worker: WorkerRecord, _ now: Instant) {
    nextCheck = max(nextCheck, DatabaseVersions.end(ofRestAfter: worker.checkBegun, now))
  }

  /// A worker is lost that looked at a database.
  mutating func failCheck(of database: String, by worker: WorkerRecord, _ now: Instant) {
    rest(after: worker, now)
    versions.failed(database, with: worker.member.name, begun: worker.checkBegun, now: now)
    // Whoever waits for a change has to find out himself: that it can be read, or not.
    for number in parked.numbers(for: database) { moveToQueue(number) }
  }

  /// A worker has looked at which version a database is.
  mutating func learn(_ report: VersionReport, from peer: PeerID, _ now: Instant) {
    guard let worker = workers[peer], worker.state == .checking(report.database) else { return }
    rest(after: worker, now)
    let isNew = versions.looked(
      report.database, report.version, begun: worker.checkBegun,
      isWatched: isWaitedFor(report.database), now: now)
    if isNew { announceChange(of: report.database) }
  }

  /// An answer has shown a version.
  mutating func learn(_ version: String, of database: String, begun: Instant, _ now: Instant) {
    if versions.isLatest(version, of: database) { return }
    guard isServedHere(database), versions.learn(version, of: database, begun: begun, now: now)
    else { return }
    announceChange(of: database)
  }

  private mutating func announceChange(of database: String) {
    let version = versions[database]
    effects.append(
      .publish(Line("database.changed").with("db", database).with("version", version)))
    for number in parked.numbers(for: database) where requests[number]?.query?.ifVersion != version
    {
      moveToQueue(number)
    }
  }

  /// A request's database is as its client knows it: it waits, or is answered.
  mutating func park(_ number: UInt64, _ query: Query, _ now: Instant) {
    guard let request = requests[number] else { return }
    // It may have changed since the statement ran, or nobody is there to tell.
    guard isServedHere(query.database),
      versions[query.database] ?? query.ifVersion == query.ifVersion
    else { return moveToQueue(number) }
    // It waits already when its worker was given up, and answers after all.
    dequeue(number, request)
    request.state = .parked
    request.isReturned = false
    noteWaiting(request, 1)
    parked.insert(number, for: query.database, size: request.size)
    versions.watched(query.database, now: now)
  }
}
