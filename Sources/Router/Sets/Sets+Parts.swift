package import Broker
package import Wire
internal import ZeroMQ

/// What is asked of the broker, and what it answers.
extension Sets {
  /// Takes a chunk of a result if it is of a part; returns whether it is.
  package mutating func take(_ chunk: Body, of request: any Statement) -> Bool {
    guard let part = ClientRequest.of(request).part else { return false }
    guard let set = all[part.set], let index = part.index else { return true }
    let rows = Part.frame(chunk.frame.compact)
    set.coordinator?.receive(chunk: rows, of: index, serial: part.serial)
    touched.insert(part.set)
    return true
  }

  /// Takes an answer if it is to a part, or to the question which databases there are; returns whether it
  /// is.
  package mutating func take(
    _ line: Line, _ rows: Rows?, of request: any Statement
  ) -> Bool {
    guard let part = ClientRequest.of(request).part else { return false }
    guard let set = all[part.set] else { return true }
    let outcome = Outcome(line) ?? .failure(Failure(.aborted, "not understood: \(line)"))
    if let index = part.index {
      var body = Part.delimiter
      if case .rendered(let rows) = rows { body = .frame(rows.frame.compact) }
      let chunks = line["chunks"].flatMap { Int($0) } ?? 0
      set.coordinator?.receive(outcome, body, chunks: chunks, of: index, serial: part.serial)
      touched.insert(part.set)
    } else {
      if case .failure(let failure) = outcome {
        set.phase = .looked(failure)
      } else {
        set.phase = .looked(nil)
      }
      looked.append(part.set)
    }
    return true
  }

  /// Asks one database.
  mutating func ask(
    _ index: Int, serial: Int, credit: Int, _ set: SetRequest, _ broker: inout Broker,
    _ now: Instant
  ) {
    guard let coordinator = set.coordinator else { return }
    hasAsked = true
    let part = SetPart(set: set.number, index: index, serial: serial, id: set.query.id)
    let query = Query(
      id: "\(serial)", database: coordinator.items[index].name, format: set.query.format,
      deadlineMilliseconds: set.deadline.millisecondsUp(since: now), credit: credit,
      extras: QueryExtras(databaseColumn: set.query.extras?.databaseColumn))
    broker.receive(
      .query(query), ClientRequest(set.request, part), size: 0, from: set.asker,
      over: set.connection, now: now)
  }

  /// Says something of what it has asked.
  mutating func tell(
    _ message: ClientMessage, _ set: SetRequest, _ broker: inout Broker, _ now: Instant
  ) {
    hasAsked = true
    broker.receive(
      message, set.request, size: 0, from: set.asker, over: set.connection, now: now)
  }

  /// Asks which databases there are.
  mutating func look(_ set: SetRequest, _ broker: inout Broker, _ now: Instant) {
    hasAsked = true
    let part = SetPart(set: set.number, index: nil, serial: 0, id: set.query.id)
    broker.look(
      "0", ClientRequest(set.request, part), from: set.asker, over: set.connection,
      deadline: set.deadline, now: now)
  }
}
