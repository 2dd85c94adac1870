internal import Wire

extension Broker {
  func isServed(_ database: String) -> Bool { servers[database] != nil }

  /// Brings everything that has been learned to its end: resolves names, hands out requests.
  mutating func settle(_ now: Instant) {
    spreadCatalogChanges()
    reviewQueue()
    resolve(now)
    dispatch(now)
  }

  /// When one worker has found that databases came or went, the others look too.
  private mutating func spreadCatalogChanges() {
    for peer in idle where workers[peer].map({ $0.seenChange < catalogChanges }) ?? false {
      rescan(peer)
    }
  }

  /// Moves requests whose database nobody has any more, nor is expected to have, to the unresolved.
  private mutating func reviewQueue() {
    guard hasLostNames else { return }
    hasLostNames = false
    for database in queue.databases.filter({ !isServed($0) && !isExpected($0) }) {
      for number in queue.numbers(for: database) {
        guard let request = requests[number] else { continue }
        queue.remove(number, for: database, size: request.size)
        enqueue(number)
      }
    }
  }

  /// Hands out what waits to the workers that wait.
  private mutating func dispatch(_ now: Instant) {
    var index = 0
    while index < idle.count && queue.count > 0 {
      let peer = idle[index]
      guard let worker = workers[peer], let number = queue.first(where: worker.names.contains)
      else {
        index += 1
        continue
      }
      idle.remove(at: index)
      run(number, on: peer, now)
    }
  }

  private mutating func run(_ number: UInt64, on peer: PeerID, _ now: Instant) {
    guard var request = requests[number], case .query(let query) = request.message else { return }
    queue.remove(number, for: query.database, size: request.size)
    request.tries += 1
    request.state = .running(peer)
    request.begun = now
    requests[number] = request
    workers[peer]?.state = .running(number)
    let job = Job(
      attempt: Attempt(job: number, number: request.tries), database: query.database,
      format: query.format, deadlineMilliseconds: request.deadline.millisecondsUp(since: now),
      ifVersion: query.ifVersion)
    effects.append(.run(peer, job, request.payload))
    if request.tries > 1, let member = workers[peer]?.member {
      effects.append(
        .publish(
          Line("request.retried").with("id", query.id).with("db", query.database)
            .with("tries", request.tries).with("worker", member.name)))
    }
  }

  /// Answers those that ask for unknown databases, after the workers have looked again.
  private mutating func resolve(_ now: Instant) {
    if hasNewNames {
      hasNewNames = false
      for database in unresolved.databases.filter(isServed) {
        for number in unresolved.numbers(for: database) { conclude(number) }
      }
    }
    if let (pending, last, end) = round {
      guard pending.isEmpty || now >= end else { return }
      round = nil
      for number in unresolved.numbers where number <= last { conclude(number) }
    }
    if unresolved.isEmpty { return }
    if isDraining || workers.isEmpty && now >= settled {
      for number in unresolved.numbers { conclude(number) }
    } else if workers.isEmpty || now < settled && unresolved.databases.contains(where: { $0 != "" })
    {
      // Workers that come back after a restart of the router may bring the name.
      return
    } else if idle.isEmpty {
      // The list needs no worker; a name waits for the next that is idle.
      for number in unresolved.numbers(for: "") { conclude(number) }
    } else {
      round = (
        Set(idle), nextNumber - 1, now.adding(milliseconds: Constants.rescanMilliseconds)
      )
      for peer in idle { rescan(peer) }
    }
  }

  /// Ends what an unresolved request waits for.
  private mutating func conclude(_ number: UInt64) {
    guard let request = requests[number] else { return }
    switch request.message {
    case .show(let show): finish(number, show)
    case .cancel: break
    case .query(let query) where isServed(query.database) || isExpected(query.database):
      unresolved.remove(number, for: query.database, size: request.size)
      enqueue(number)
    case .query where isDraining:
      finish(number, .failure(Self.draining))
    case .query(let query):
      finish(
        number, .failure(Failure(.noSuchDatabase, "no worker has a database '\(query.database)'")))
    }
  }

  /// All databases, by name.
  private mutating func listDatabases() -> [ListedDatabase] {
    if let databaseList { return databaseList }
    var errors: [String: String] = [:]
    for worker in workers.values {
      for database in worker.databases ?? [] { errors[database.name] = database.error }
    }
    let list = servers.sorted { $0.key < $1.key }.map { name, count in
      ListedDatabase(name: name, workers: count, error: errors[name])
    }
    databaseList = list
    return list
  }

  private mutating func finish(_ number: UInt64, _ show: Show) {
    let list = listDatabases()
    let rows = Rows<Body>.values(
      columns: ["database", "workers", "error"],
      rows: list.map { database in
        [
          .text(database.name), .integer(Int64(database.workers)),
          database.error.map { .text($0) } ?? .null,
        ]
      },
      format: show.format)
    finish(number, .rows(list.count), rows)
  }
}

/// What the list of databases says of one.
struct ListedDatabase {
  let name: String
  /// How many workers have it.
  let workers: Int
  /// Why it cannot be used, as one of the workers says that cannot.
  let error: String?
}
