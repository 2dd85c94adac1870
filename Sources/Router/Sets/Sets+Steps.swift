package import Broker
internal import DequeModule
package import Wire
internal import ZeroMQ

/// What is done when something has happened.
extension Sets {
  /// Goes on with all to which something has happened, and keeps nothing from others. To be called before the
  /// broker gives out what it can.
  package mutating func settle(_ broker: inout Broker, now: Instant) {
    if isEmpty { return }
    while let number = waiting.next(), let set = all[number] {
      running.append(number)
      begin(set, &broker, now)
    }
    while !touched.isEmpty {
      // Those that came first ask first: a reader may take their rows before it takes others'.
      let numbers = touched.sorted()
      touched.removeAll(keepingCapacity: true)
      for number in numbers {
        if let set = all[number] { step(set, &broker, now) }
      }
    }
    relieve(&broker, now)
    // Sooner than the broker frees workers for what waits.
    if broker.waitingRequests > broker.idleWorkers { letGo(&broker, now) }
  }

  /// Goes on with one of those for which it was looked which databases there are. To be called once before
  /// others have their turn: to find what it comes to takes long when there are many names and patterns.
  package mutating func stepLooked(_ broker: inout Broker, now: Instant) {
    while let number = looked.popFirst() {
      guard let set = all[number] else { continue }
      if case .looked(let failure?) = set.phase {
        return end(number, .failure(failure), &broker, now)
      }
      if let databases = search(set, broker) {
        set.search = nil
        run(set, on: databases, &broker, now)
      } else {
        looked.append(number)
      }
      return
    }
  }

  /// Finds some more of its databases. Returns all when there are no more.
  private func search(_ set: SetRequest, _ broker: Broker) -> [String]? {
    if set.search == nil {
      let selection = DatabaseSelection(set.query.database)
      set.search = DatabaseSearch(for: selection, among: broker.knownNames)
    }
    return set.search?.next(comparisons: Self.comparisons)
  }

  /// To be called when the broker has given out what it can: uses what is idle. Returns whether there is more
  /// to be done.
  package mutating func review(_ broker: inout Broker, now: Instant) -> Bool {
    hasAsked = false
    if running.isEmpty { return hasNews }
    if Self.lacksWorkers(broker) {
      letGo(&broker, now)
    } else if broker.idleWorkers > 0 {
      // What the first one asks may fill what is idle.
      for set in large where !hasAsked { step(set, &broker, now) }
    }
    return hasAsked || hasNews
  }

  /// Whether anything waits for a worker that may have something whose turn has not come.
  private static func lacksWorkers(_ broker: Broker) -> Bool {
    broker.waitingRequests > 0 || broker.hasHandedOver
  }

  /// Those of whose results some are larger than a chunk.
  private var large: [SetRequest] {
    running.compactMap { all[$0] }.filter { $0.coordinator?.areSmall == false }
  }

  /// Workers that have a result whose turn has not come are freed.
  private mutating func letGo(_ broker: inout Broker, _ now: Instant) {
    for set in large {
      for serial in set.coordinator?.letGo() ?? [] {
        tell(.cancel(id: "\(serial)"), set, &broker, now)
      }
      weigh(set)
    }
  }

  /// Keeps the rows of all within their bound: whoever has most gives up what its turn does not need, and
  /// ends when that is not enough.
  private mutating func relieve(_ broker: inout Broker, _ now: Instant) {
    while weight > Self.maxBytes,
      let set = running.compactMap({ all[$0] }).max(by: { $0.weight < $1.weight })
    {
      let before = set.weight
      for serial in set.coordinator?.letGoOfAll() ?? [] {
        tell(.cancel(id: "\(serial)"), set, &broker, now)
      }
      weigh(set)
      guard set.weight == before else { continue }
      let why = "\(weight) bytes of answers on several databases are held"
      let failure = set.chunks == 0 ? Broker.busy(why) : Failure(.aborted, why)
      end(set.number, .failure(failure), &broker, now)
    }
  }

  /// Counts what is kept of a query's rows.
  private mutating func weigh(_ set: SetRequest) {
    weight += set.weightNow - set.weight
    set.weight = set.weightNow
  }

  private mutating func begin(_ set: SetRequest, _ broker: inout Broker, _ now: Instant) {
    let selection = DatabaseSelection(set.query.database)
    // Who has a database of just this name may not be back yet.
    if selection.hasPattern || !broker.isSettled(now) {
      set.phase = .looking
      look(set, &broker, now)
    } else {
      run(set, on: selection.databases, &broker, now)
    }
  }

  private mutating func run(
    _ set: SetRequest, on databases: [String], _ broker: inout Broker, _ now: Instant
  ) {
    guard !databases.isEmpty else {
      let why = "no database matches '\(set.query.database)'"
      return end(set.number, .failure(Failure(.noSuchDatabase, why)), &broker, now)
    }
    set.phase = .running
    set.begun = now
    set.coordinator = Coordinator(
      databases, skipsFailed: set.query.extras?.skipsFailed ?? false)
    touched.insert(set.number)
  }

  /// Does what can be done now.
  private mutating func step(_ set: SetRequest, _ broker: inout Broker, _ now: Instant) {
    switch set.phase {
    case .waiting, .looking, .looked: return
    case .running: break
    }
    while set.coordinator != nil {
      let isRead = passChunk(of: set, now)
      weigh(set)
      guard isRead else { break }
      let ahead = ahead(of: set, broker)
      guard let step = set.coordinator?.next(ahead: ahead) else { return }
      switch step {
      case .ask(let index, let serial, let credit):
        ask(index, serial: serial, credit: credit, set, &broker, now)
      case .grant(let serial, let chunks):
        tell(.credit(id: "\(serial)", chunks: chunks), set, &broker, now)
      case .cancel(let serial): tell(.cancel(id: "\(serial)"), set, &broker, now)
      case .pass(let part, let isFirst): pass(part, isFirst, of: set, &broker, now)
      case .wait: return
      case .end(let outcome, let summary):
        // As of one database, the end comes when it is asked for: a REQ client could not take it before.
        guard set.credit ?? 1 > 0 else {
          set.stalledSince = set.stalledSince ?? now
          return
        }
        return end(set.number, outcome, &broker, now, summary: summary)
      }
    }
  }

  /// How many more databases may be asked whose turn has not come: when their results are large, only as many
  /// as there are workers for whom nobody else has anything to do.
  private func ahead(of set: SetRequest, _ broker: Broker) -> Int {
    guard let coordinator = set.coordinator, weight < Self.maxWaitingBytes else { return 0 }
    if coordinator.areSmall { return Coordinator.window }
    return Self.lacksWorkers(broker) ? 0 : broker.idleWorkers
  }

  /// Sends a chunk if there is one. Returns false when its reader wants none.
  private mutating func passChunk(of set: SetRequest, _ now: Instant) -> Bool {
    guard let credit = set.credit, set.output.count >= Self.chunkBytes else { return true }
    guard credit > 0 else {
      set.stalledSince = set.stalledSince ?? now
      return false
    }
    set.credit = credit - 1
    set.chunks += 1
    let line = Line("MORE").with("id", set.query.id).with("chunk", set.chunks)
    effects.append(.chunk(set.number, set.request, line, set.output.take()))
    return true
  }

  private mutating func pass(
    _ part: Part, _ isFirst: Bool, of set: SetRequest, _ broker: inout Broker, _ now: Instant
  ) {
    do throws(Failure) {
      try set.output.append(part, isFirst: isFirst)
      guard set.credit == nil else { return }
      if set.output.count > Self.maxAnswerBytes {
        throw Failure(.tooLarge, "the answer is larger than \(Self.maxAnswerBytes) bytes")
      }
    } catch {
      if error.code == .sql {
        set.coordinator?.refuse(error)
      } else {
        end(set.number, .failure(error), &broker, now)
      }
    }
  }
}
