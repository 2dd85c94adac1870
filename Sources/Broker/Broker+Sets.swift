internal import DequeModule
internal import Wire

/// Queries on several databases, and their parts.
///
/// The worker that gets one offers a request for each of its databases, as a client, and runs itself
/// what it is given back. It waits for others only while those run a part, which is never such a query
/// itself, or when they have a database that it lacks. Of the workers that may do the latter, one runs
/// such a query at a time. So there is no circle in which they wait for each other.
extension Broker {
  /// Where such queries wait for a worker, whichever databases they are on. No file has this name.
  static var sets: String { "/" }

  /// Of a client's requests, so many of the oldest are looked at for one to be given back.
  private static var maxWithdrawable: Int { 64 }

  /// Whether a query is to be split, not one on a database whose name happens to look like several.
  func isSet(_ message: ClientMessage) -> Bool {
    message.query.map { $0.namesSeveral && !isServed($0.database) } ?? false
  }

  /// Whether a worker may come to be idle for such a query, and what a pattern matches is known.
  var takesSets: Bool { hasSettled && hasDatabases }

  /// Looks which workers have all databases that anybody has, or is expected to come back with.
  mutating func reviewReach() {
    var names = Set(servers.keys)
    if !isDraining {
      for record in supervisors.values {
        for slot in record.slots.values { names.formUnion(slot.names) }
      }
    }
    hasDatabases = !names.isEmpty
    isEverythingServed = names.count == servers.count
    for worker in workers.values {
      worker.reach = worker.names.isSuperset(of: names) ? .all : .some
    }
  }

  /// Where the worker stands in `idle` that is to run such a query. One that lacks databases does so
  /// only alone, and not while the only worker is away that has some.
  var idleWorkerForSet: Int? {
    if let place = idle.firstIndex(where: { [workers] in workers[$0]?.reach == .all }) {
      return place
    }
    guard isEverythingServed, !idle.isEmpty, !workers.values.contains(where: \.needsOthers) else {
      return nil
    }
    return 0
  }

  /// The least time that a database of a set gets at most, in milliseconds; nil without such a cap.
  func leastCap(ofSet text: String) -> Int? {
    guard !configuration.databaseDeadlineMilliseconds.isEmpty else { return nil }
    let databases = DatabaseSelection(text)
    return configuration.databaseDeadlineMilliseconds.filter { databases.contains($0.key) }
      .values.min()
  }

  /// A part of a query has come: what else its sender has waiting is the query's own.
  func note(part whole: QueryExtras.Whole, from connection: PeerID) {
    guard let peer = requests[whole.number]?.worker,
      let run = workers[peer]?.runs.first, run.attempt.job == whole.number, run.parts == nil
    else { return }
    run.parts = connection
  }

  /// A client would have one of its requests back that nobody has begun.
  mutating func withdraw(upTo id: String?, of client: PeerID, over connection: PeerID) {
    withdrawals.removeAll { $0.connection == connection }
    var last: UInt64?
    if let id {
      last = inFlight[ClientRequestID(client: client, id: id)]
      guard last != nil else { return }
    }
    withdrawals.append(Withdrawal(connection: connection, last: last))
  }

  /// Gives back what nobody has begun, now that all was handed out that can be.
  mutating func giveBackUnbegun(_ now: Instant) {
    guard !withdrawals.isEmpty else { return }
    let asked = withdrawals
    withdrawals = []
    for withdrawal in asked where !giveBack(withdrawal, now) {
      guard withdrawal.last.map({ requests[$0] != nil }) ?? true else { continue }
      withdrawals.append(withdrawal)
    }
  }

  /// Returns whether one was given back.
  private mutating func giveBack(_ withdrawal: Withdrawal, _ now: Instant) -> Bool {
    let last = withdrawal.last ?? .max
    guard let oldest = clients[withdrawal.connection]?.numbers.prefix(Self.maxWithdrawable) else {
      return false
    }
    for number in oldest where number <= last && isWithdrawable(number) {
      guard let request = requests[number] else { continue }
      if let refusal = quarantineRefusal(of: request, now) {
        finish(number, .failure(refusal), now: now)
      } else {
        let why = "its client took it back before it was begun"
        finish(number, .failure(Failure(.cancelled, why)), now: now)
        return true
      }
    }
    return false
  }

  private func isWithdrawable(_ number: UInt64) -> Bool {
    guard let request = requests[number], let query = request.query,
      let database = request.database,
      !(query.extras?.whole?.isKept ?? false)
    else { return false }
    switch request.state {
    case .running, .handed, .parked: return false
    case .queued, .unresolved: break
    }
    // What may kill its worker is better run by one that is not in the middle of much else.
    guard request.isSuspect || isSuspect(request) else { return true }
    return !workers.values.contains { !$0.runsSet && $0.serves(database) }
  }
}

/// A connection that would have one of its requests back.
struct Withdrawal {
  let connection: PeerID
  /// None behind this one; nil for any.
  let last: UInt64?
}
