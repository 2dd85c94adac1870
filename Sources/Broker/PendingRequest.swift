internal import Wire

/// A request that has no final answer yet.
///
/// Here and in the other records, the properties of which exclusivity is not checked are those whose
/// checks took a twelfth of the router's time. The broker is used by one thread, and hands none of
/// them to a closure.
final class PendingRequest {
  enum State {
    /// In the queue, in this lane.
    case queued(RequestQueue.Lane)
    /// Nobody is known to have the database: workers look again first.
    case unresolved
    /// The database is as its client knows it: it waits for a change.
    case parked
    /// A worker has it.
    case running(PeerID)
    /// It was handed to the peer of this number.
    case handed(Int)
  }

  /// The client's connection and envelope.
  let client: PeerID
  /// The connection alone.
  let connection: PeerID
  let message: ClientMessage
  /// By which its client knows it; nil when it has no id.
  let key: ClientRequestID?
  /// The database it asks for; nil when it asks the router itself.
  let database: String?
  /// By what name it waits: its database's, or the one of those who ask for names, or none.
  let waitingName: String
  /// Whether it is the router's own question which databases there are.
  let isForNames: Bool
  /// Whether an unchanged answer is to wait for a change.
  let waitsForChange: Bool
  /// Whether another broker has handed it over: that one tries again when a worker dies of it.
  let hasComeFar: Bool
  /// What the loop needs to pass it on and to answer it.
  let payload: any Statement
  /// In bytes, as counted against the queue's bound.
  let size: Int
  /// How many sets of parameters there are, if it is a series; nil for a single one.
  let each: Int?
  /// As how many requests it counts.
  var count: Int { each ?? 1 }
  let arrival: Instant
  let deadline: Instant
  /// What it runs; nil when it asks the router itself, and until it is taken: to hash costs time.
  @exclusivity(unchecked) var statement: StatementRecord?
  /// Where it is counted; nil until it is taken.
  @exclusivity(unchecked) var account: ClientRecord?
  @exclusivity(unchecked) var state = State.unresolved
  /// Whether it has lost its worker: then it goes before what was not begun yet.
  @exclusivity(unchecked) var isReturned = false
  /// How often it was given to a worker: the number of its last attempt.
  @exclusivity(unchecked) var attempts = 0
  /// How many of those were given back without having been begun.
  @exclusivity(unchecked) var givenBack = 0
  /// How many workers died while they ran it.
  @exclusivity(unchecked) var deaths = 0
  /// How many peers were lost while they had it.
  @exclusivity(unchecked) var losses = 0
  /// Whether workers have died of it, of one like it, or of one that they were given together with
  /// it: then it runs alone, and only while no other such does.
  @exclusivity(unchecked) var isSuspect = false
  /// When a worker got it last.
  @exclusivity(unchecked) var begun: Instant?
  /// How many more chunks of its result its client wants now; nil when that is to come in one message.
  @exclusivity(unchecked) var credit: Int?
  /// Since when the peer that has it waits for its reader.
  @exclusivity(unchecked) var stalledSince: Instant?
  /// How many chunks have been sent: what has been begun so is not begun again.
  @exclusivity(unchecked) var chunks = 0

  init(
    _ message: ClientMessage, _ payload: any Statement, size: Int, from client: PeerID,
    over connection: PeerID, arrival: Instant, deadline: Instant, isForNames: Bool = false
  ) {
    self.message = message
    key = message.id.map { ClientRequestID(client: client, id: $0) }
    let query = message.query
    let database = query?.database
    self.database = database
    self.isForNames = isForNames
    waitingName = isForNames ? Broker.names : database ?? ""
    waitsForChange = query?.waitsForChange ?? false
    hasComeFar = !(query?.way.isEmpty ?? true)
    self.payload = payload
    self.size = size
    each = query?.each
    self.client = client
    self.connection = connection
    self.arrival = arrival
    credit = query?.credit
    self.deadline = deadline
  }

  var id: String? { key?.id }

  var query: Query? {
    guard case .query(let query) = message else { return nil }
    return query
  }

  /// The time it was given.
  var allowedMilliseconds: Int { deadline.millisecondsUp(since: arrival) }

  /// How often it was begun, as far as is known.
  var tries: Int { attempts - givenBack }

  /// Whether nobody has it.
  var isWaiting: Bool {
    switch state {
    case .queued, .unresolved, .parked: true
    case .running, .handed: false
    }
  }

  /// The peer that has it.
  var peer: Int? {
    guard case .handed(let number) = state else { return nil }
    return number
  }

  /// The worker that has it.
  var worker: PeerID? {
    guard case .running(let peer) = state else { return nil }
    return peer
  }
}
