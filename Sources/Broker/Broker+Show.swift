internal import DequeModule
internal import HeapModule
internal import Wire

/// Rows of the broker's own.
struct ShownRows {
  let columns: [String]
  var rows: [[Value]] = []
  let format: Format

  var count: Int { rows.count }

  func rendered() -> Rows { .values(columns: columns, rows: rows, format: format) }
}

extension Broker {
  /// So many requests or clients are shown, the oldest; the statistics count all.
  static var maxShownRequests: Int { 1000 }

  /// Why a connection is not shown anything now. No other bound holds what that costs.
  mutating func refusal(toShow connection: PeerID, _ now: Instant) -> Failure? {
    shown = shown.filter { now < $0.value }
    guard shown[connection] == nil else {
      let interval = Constants.showMilliseconds
      return Failure(
        .busy, "this client was shown something within the last \(interval) ms",
        retryMilliseconds: interval)
    }
    shown[connection] = now.adding(milliseconds: Constants.showMilliseconds)
    return nil
  }

  /// What the broker knows of a subject.
  mutating func rows(of show: Show, _ now: Instant) -> ShownRows {
    var shown: ShownRows
    switch show.subject {
    case .databases: shown = databaseRows(show.format)
    case .workers: shown = workerRows(show.format, now)
    case .clients: shown = clientRows(show.format, now)
    case .queue: shown = queueRows(show.format, now)
    case .quarantine: shown = quarantineRows(show.format, now)
    case .peers: shown = peerRows(show.format, now)
    case .stats: shown = statisticsRows(show.format, now)
    }
    if shown.count > Show.maxRows { shown.rows.removeSubrange(Show.maxRows...) }
    return shown
  }

  private mutating func databaseRows(_ format: Format) -> ShownRows {
    let rows = listDatabases().map { database in
      [
        .text(database.name), .integer(Int64(database.workers)), Value(database.error),
        .integer(Int64(database.peers)),
      ]
    }
    return ShownRows(
      columns: ["database", "workers", "error", "peers"], rows: rows, format: format)
  }

  /// All databases, by name.
  private mutating func listDatabases() -> [ListedDatabase] {
    if let databaseList { return databaseList }
    var errors: [String: String] = [:]
    for worker in workers.values {
      for database in worker.databases ?? [] {
        guard let error = database.error else { continue }
        // Of several the same one each time.
        errors[database.name] = errors[database.name].map { min($0, error) } ?? error
      }
    }
    var peerCounts: [String: Int] = [:]
    for peer in peers {
      for name in peer.names { peerCounts[name, default: 0] += 1 }
    }
    let list = Set(servers.keys).union(peerCounts.keys).sorted().map { name in
      ListedDatabase(
        name: name, workers: servers[name] ?? 0, peers: peerCounts[name] ?? 0,
        error: errors[name])
    }
    databaseList = list
    return list
  }

  /// Those that workers here have, or are expected to come back with.
  mutating func databasesToOffer() -> [ServedDatabase] {
    let served = listDatabases().compactMap { database in
      database.workers > 0 ? ServedDatabase(name: database.name, error: database.error) : nil
    }
    let expected = supervisors.values.flatMap { $0.slots.values }
      .reduce(into: Set<String>()) { names, slot in
        for name in slot.names where servers[name] == nil { names.insert(name) }
      }
    return served + expected.sorted().map { ServedDatabase(name: $0) }
  }

  private func peerRows(_ format: Format, _ now: Instant) -> ShownRows {
    let rows = peers.map { peer -> [Value] in
      [
        .text(peer.endpoint), Value(peer.capacity?.broker),
        Value(peer.capacity.map { Int64($0.workers) }),
        Value(peer.capacity.map { Int64($0.others) }), .integer(Int64(peer.names.count)),
        .integer(Int64(peer.handed.count)), .integer(Int64(peer.answered)),
      ]
    }
    return ShownRows(
      columns: ["peer", "broker", "workers", "others", "databases", "handed", "answered"],
      rows: rows, format: format)
  }

  private func workerRows(_ format: Format, _ now: Instant) -> ShownRows {
    let rows = workers.values.sorted { ($0.member.name, $0.pid) < ($1.member.name, $1.pid) }
      .map { worker -> [Value] in
        let run = worker.runs.first
        return [
          .text(worker.member.name), .integer(worker.member.generation),
          .integer(Int64(worker.pid)), Value(worker.supervisor), .text(stateName(worker)),
          Value(run?.statement.key.database),
          Value(run.map { (worker.stalledSince ?? now).microseconds(since: $0.begun) }),
          .integer(Int64(worker.served)), .integer(Int64(worker.names.count)),
        ]
      }
    return ShownRows(
      columns: [
        "worker", "generation", "pid", "supervisor", "state", "db", "run_us", "answered",
        "databases",
      ], rows: rows, format: format)
  }

  private func stateName(_ worker: WorkerRecord) -> String {
    switch worker.state {
    case .idle: "idle"
    case .running where worker.stalledSince != nil: Self.waitsForReader
    case .running: worker.runs.contains { isCurrent($0.attempt) } ? "running" : "abandoning"
    case .rescanning, .checking: "looking"
    }
  }

  private func stateName(_ request: PendingRequest) -> String {
    switch request.state {
    case .queued: "queued"
    case .unresolved: "looking"
    case .parked: "waiting for a change"
    case .running(let peer) where workers[peer]?.stalledSince != nil: Self.waitsForReader
    case .running: "running"
    case .handed: "handed to a peer"
    }
  }

  private static let waitsForReader = "waiting for its reader"

  private func clientRows(_ format: Format, _ now: Instant) -> ShownRows {
    let oldest = clients.sorted { ($0.value.numbers.first ?? 0) < ($1.value.numbers.first ?? 0) }
    let rows = oldest.prefix(Self.maxShownRequests).map { connection, client -> [Value] in
      let arrival = client.numbers.first.flatMap { requests[$0]?.arrival } ?? now
      return [
        .text(connection.description), .integer(Int64(client.count)),
        .integer(Int64(client.count - client.waiting)),
        .integer(Int64(client.bytes)), .integer(now.microseconds(since: arrival)),
      ]
    }
    return ShownRows(
      columns: ["client", "requests", "running", "bytes", "oldest_us"], rows: rows, format: format)
  }

  /// As many as are shown, in order: those of each client are.
  private var oldestRequests: [UInt64] {
    var lines = Heap(clients.values.map { NumberLine(numbers: $0.numbers[...]) })
    var oldest: [UInt64] = []
    while oldest.count < Self.maxShownRequests, var line = lines.popMin() {
      guard let first = line.numbers.popFirst() else { continue }
      oldest.append(first)
      lines.insert(line)
    }
    return oldest
  }

  private func queueRows(_ format: Format, _ now: Instant) -> ShownRows {
    let rows = oldestRequests.compactMap { number -> [Value]? in
      guard let request = requests[number] else { return nil }
      return [
        .text(request.connection.description),
        Value(request.payload.isPart ? request.payload.wholeID : request.id),
        Value(request.database),
        .text(stateName(request)),
        Value(
          request.worker.flatMap { workers[$0]?.member.name }
            ?? request.peer.map { peers[$0].endpoint }),
        .integer(now.microseconds(since: request.arrival)),
        .integer(Int64(request.deadline.millisecondsUp(since: now))),
        .integer(Int64(request.tries)), .integer(Int64(request.deaths)),
        .text(request.payload.excerpt),
      ]
    }
    return ShownRows(
      columns: [
        "client", "id", "db", "state", "worker", "age_us", "left_ms", "tries", "deaths", "sql",
      ], rows: rows, format: format)
  }

  private func quarantineRows(_ format: Format, _ now: Instant) -> ShownRows {
    let rows = quarantine.entries.map { entry -> [Value] in
      [
        .text(entry.statement.database), .text(entry.parameters == nil ? "any" : "these"),
        .integer(Int64(entry.deaths)), .integer(Int64(entry.end.millisecondsUp(since: now))),
        .text(entry.excerpt),
      ]
    }
    return ShownRows(
      columns: ["db", "parameters", "deaths", "left_ms", "sql"], rows: rows, format: format)
  }

  private func statisticsRows(_ format: Format, _ now: Instant) -> ShownRows {
    var shown = ShownRows(columns: ["stat", "now", "minute", "total"], format: format)
    func add(_ name: String, now: Int64? = nil, minute: UInt64? = nil, total: UInt64? = nil) {
      shown.rows.append([
        .text(name), Value(now), Value(minute.map(Int64.init)), Value(total.map(Int64.init)),
      ])
    }
    add("uptime_ms", now: now.microseconds(since: statistics.start) / 1000)
    add("workers", now: Int64(workers.count))
    add("workers.idle", now: Int64(idle.count))
    add("clients", now: Int64(clients.count))
    add("requests", now: Int64(requests.total))
    add("requests.queued", now: Int64(queue.count))
    add("requests.queued_bytes", now: Int64(queue.bytes))
    add("requests.waiting_for_change", now: Int64(parked.count))
    let (minute, all) = (statistics.lastMinute(now), statistics.all)
    add("workers.died", minute: minute.deaths, total: all.deaths)
    add("batches", minute: minute.batches, total: all.batches)
    add("batches.requests", minute: minute.batchedRequests, total: all.batchedRequests)
    for (recent, whole) in zip(minute.answers.named, all.answers.named) {
      add("answers.\(whole.name)", minute: recent.count, total: whole.count)
    }
    for (name, recent, whole) in [
      ("wait_us", minute.wait, all.wait), ("run_us", minute.run, all.run),
      ("total_us", minute.total, all.total),
    ] {
      for (label, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)] {
        add(
          "\(name).\(label)", minute: UInt64(recent.percentile(share)),
          total: UInt64(whole.percentile(share)))
      }
      add("\(name).max", minute: UInt64(recent.max), total: UInt64(whole.max))
      let counts = Dictionary(uniqueKeysWithValues: recent.cumulative.map { ($0.bound, $0.count) })
      var last: UInt64 = 0
      for (bound, count) in whole.cumulative {
        last = counts[bound] ?? last
        add("\(name).le_\(bound)", minute: last, total: count)
      }
    }
    return shown
  }
}

/// Numbers in ascending order; what comes first of them tells which line comes first.
private struct NumberLine: Comparable {
  var numbers: Deque<UInt64>.SubSequence

  static func < (a: NumberLine, b: NumberLine) -> Bool {
    a.numbers.first ?? .max < b.numbers.first ?? .max
  }

  static func == (a: NumberLine, b: NumberLine) -> Bool { a.numbers.first == b.numbers.first }
}

extension Value {
  fileprivate init(_ text: String?) { self = text.map { .text($0) } ?? .null }
  fileprivate init(_ number: Int64?) { self = number.map { .integer($0) } ?? .null }
}

/// What the list of databases says of one.
struct ListedDatabase {
  let name: String
  /// How many workers have it.
  let workers: Int
  /// How many peers have it.
  let peers: Int
  /// Why it cannot be used, as one of the workers says that cannot.
  let error: String?
}
