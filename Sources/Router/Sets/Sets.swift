package import Broker
internal import DequeModule
package import Wire
package import ZeroMQ

/// Splits queries on several databases into one request for each, and makes one result of the answers: a
/// client of the broker beside which it stands.
///
/// It keeps no worker: each of those requests waits for its turn as any other, here or at a peer, and ends
/// by itself. So two such queries never wait for each other.
///
/// It has no socket and no clock. Its inputs take the broker that it asks and the time, and leave in
/// `effects` what is to be sent to clients.
package struct Sets {
  /// A chunk of a result has at least so many bytes, but for the last.
  static let chunkBytes = 256 << 10
  /// An answer in one message has at most so many bytes.
  static let maxAnswerBytes = 64 << 20
  /// Of all such queries together: with so many bytes of rows that wait for their turn, or may come to, no
  /// database is asked before its turn; with more than so many, the one that has most gives up some, or ends.
  static let maxWaitingBytes = 64 << 20
  static let maxBytes = 256 << 20
  /// The bounds on what waits, of all and of a connection.
  static let maxWaiting = 40_000
  static let maxWaitingOfOne = 10_000
  static let maxRequestBytes = 256 << 20
  static let maxRequestBytesOfOne = 64 << 20
  /// A reader that takes nothing is waited for so long when others wait for that, and otherwise.
  static let stallMilliseconds = 1000
  static let idleStallMilliseconds = 60_000
  /// So many names are compared with patterns before others have their turn.
  static let comparisons = 1024
  /// Deadlines of those that wait are looked at so often.
  static let checkMilliseconds = 100

  package enum Effect {
    /// Send a client a part of its result. When there is no room for it, `unread` must be called with the
    /// number.
    case chunk(UInt64, ClientRequest, Line, Part)
    /// Answer a client for good.
    case answer(ClientRequest, Line, Part)
  }

  /// What is to be sent.
  package var effects: [Effect] = []
  /// By their numbers, which the broker gives.
  var all: [UInt64: SetRequest] = [:]
  var byName: [ClientRequestID: UInt64] = [:]
  var waiting = SetQueue()
  /// Those that are not in `waiting`, in the order in which they began.
  var running: [UInt64] = []
  /// Those to which something has happened.
  var touched: Set<UInt64> = []
  /// Those for which it was looked which databases there are, and that do not run yet.
  var looked: Deque<UInt64> = []
  /// The sum of what they are counted with.
  var weight = 0
  /// The sizes of those of each connection.
  var requestBytes: [PeerID: Int] = [:]
  var nextCheck = Instant.start
  /// Whether the broker was told anything since this was last set to false.
  var hasAsked = false

  package init() {}

  /// Whether none is in flight.
  package var isEmpty: Bool { all.isEmpty }

  /// How many are in flight, and how many requests the broker has for them.
  package var counts: (sets: Int, asked: Int) {
    let asked = running.reduce(0) { sum, number in
      sum + (all[number]?.open.count ?? 0)
    }
    return (all.count, asked)
  }

  /// Whether `stepLooked` has something to do.
  package var hasLooked: Bool { !looked.isEmpty }

  /// Whether `settle` has something to do at once, or effects are to be carried out.
  package var hasNews: Bool { !touched.isEmpty || !effects.isEmpty }

  /// Takes a client's message in if it is about a query on several databases; returns whether it is.
  package mutating func receive(
    _ message: ClientMessage, _ request: ClientRequest, _ broker: inout Broker, now: Instant
  ) -> Bool {
    switch message {
    case .query, .show:
      // One that is repeated while it is in flight is ignored.
      if !all.isEmpty, let id = message.id, number(id, request) != nil { return true }
      guard case .query(let query) = message, query.namesSeveral,
        !broker.isRunnable(query.database)
      else { return false }
      if let id = query.id, broker.hasInFlight(id, of: request.sender.client) { return true }
      if let failure = refusal(of: query, request, broker) {
        broker.refuse(request, id: query.id, failure, now: now)
      } else {
        take(query, request, &broker, now)
      }
    case .cancel(let id):
      guard let number = number(id, request) else { return false }
      end(number, .failure(Failure(.cancelled, "its client took it back")), &broker, now)
    case .credit(let id, let chunks):
      guard let number = number(id, request) else { return false }
      grant(chunks, number)
    case .next(let id):
      guard let number = number(id, request), all[number]?.credit != nil else { return false }
      grant(1, number)
    case .peer: return false
    }
    return true
  }

  private func number(_ id: String, _ request: ClientRequest) -> UInt64? {
    all.isEmpty ? nil : byName[ClientRequestID(client: request.sender.client, id: id)]
  }

  private func refusal(of query: Query, _ request: ClientRequest, _ broker: Broker) -> Failure? {
    if query.ifVersion != nil {
      return Failure(.badRequest, "several databases have no version: if-version= is for one")
    }
    if broker.isDraining { return Broker.draining }
    let connection = request.sender.connection
    guard waiting.count(of: connection) < Self.maxWaitingOfOne, waiting.count < Self.maxWaiting
    else { return Broker.busy("\(waiting.count) queries on several databases are waiting") }
    let bytes = requestBytes.values.reduce(0, +)
    guard requestBytes[connection, default: 0] + request.size <= Self.maxRequestBytesOfOne,
      bytes + request.size <= Self.maxRequestBytes
    else { return Broker.busy("queries on several databases of \(bytes) bytes are in flight") }
    return nil
  }

  private mutating func take(
    _ query: Query, _ request: ClientRequest, _ broker: inout Broker, _ now: Instant
  ) {
    let number = broker.newNumber()
    let set = SetRequest(
      number, query, request, arrival: now, deadline: broker.deadline(of: query, now))
    all[number] = set
    if let key = set.key { byName[key] = number }
    requestBytes[set.connection, default: 0] += request.size
    waiting.insert(number, of: set.connection)
    broker.openSets = all.count
  }

  private mutating func grant(_ chunks: Int, _ number: UInt64) {
    guard let set = all[number], let credit = set.credit else { return }
    set.credit = min(credit + chunks, ClientMessage.maxCredit)
    set.stalledSince = nil
    touched.insert(number)
  }

  /// A connection is gone: nobody waits for its answers.
  package mutating func disconnected(
    client connection: PeerID, _ broker: inout Broker, now: Instant
  ) {
    let running = running.filter { all[$0]?.connection == connection }
    for number in waiting.removeAll(of: connection) + running { _ = remove(number, &broker, now) }
  }

  /// A chunk had no room, as its client does not read what it has asked for. Returns whether it was of such
  /// a query.
  package mutating func unread(
    _ number: UInt64, chunks: Int, _ broker: inout Broker, now: Instant
  ) -> Bool {
    guard let set = all[number] else { return false }
    set.chunks -= chunks
    end(number, .failure(Broker.unread(afterChunks: set.chunks)), &broker, now)
    return true
  }

  // MARK: The end

  /// Gives a query its final answer.
  mutating func end(
    _ number: UInt64, _ outcome: Outcome, _ broker: inout Broker, _ now: Instant,
    summary: SetSummary? = nil
  ) {
    guard let set = all[number] else { return }
    // Its parts count, if it has any.
    if set.coordinator == nil { broker.note(outcome, now: now) }
    _ = remove(number, &broker, now)
    var rows = Part.delimiter
    if case .rows = outcome { rows = set.output.take() }
    effects.append(.answer(set.request, set.line(outcome, summary, now: now), rows))
  }

  /// Forgets a query. What it has asked is wanted no more.
  private mutating func remove(
    _ number: UInt64, _ broker: inout Broker, _ now: Instant
  ) -> SetRequest? {
    guard let set = all.removeValue(forKey: number) else { return nil }
    for serial in set.open { tell(.cancel(id: "\(serial)"), set, &broker, now) }
    set.coordinator = nil
    if let key = set.key { byName[key] = nil }
    if let place = running.firstIndex(of: number) {
      running.remove(at: place)
      waiting.ended(of: set.connection)
    } else {
      waiting.remove(number, of: set.connection)
    }
    touched.remove(number)
    let bytes = requestBytes[set.connection, default: 0] - set.request.size
    requestBytes[set.connection] = bytes > 0 ? bytes : nil
    weight -= set.weight
    broker.openSets = all.count
    return set
  }
}
