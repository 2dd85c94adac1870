import Wire

/// Who reads results in chunks.
extension World {
  /// A chunk has arrived: more is wanted soon, later, never, or all is given up.
  mutating func take(_ request: Int, _ index: Int) {
    if isSettling || !chance(scenario.stalls) {
      return plan(.caller(index, .reads(request: request)), in: 0...3000)
    }
    switch pick(10) {
    case 0..<4: plan(.caller(index, .reads(request: request)), in: 20_000...3_000_000)
    case 4: if let connection = callers[index].connection { disconnect(index, connection) }
    case 5: takeBack(index, request)
    default: break
    }
  }

  /// Asks for more of a result, if that can still be of use.
  mutating func read(_ index: Int, _ number: Int) {
    let request = ledger.requests[number]
    guard callers[index].connection == request.connection, let id = request.message.id,
      !request.hasArrived
    else { return }
    if chance(30) && !isSettling {
      return askNext(index, request.connection, envelope: request.envelope, id)
    }
    send(
      .credit(
        connection: request.connection, envelope: request.envelope, id: id,
        chunks: chance(5) ? ClientMessage.maxCredit : Int(self.number(1...3))),
      through: request.connection)
  }

  /// Those who wait for nothing more read on, but for those who may take minutes: they leave.
  mutating func readOn() {
    if scenario.patience > 0 {
      for index in callers.indices where callers[index].session == nil {
        if let connection = callers[index].connection { disconnect(index, connection) }
      }
    }
    for number in ledger.open {
      guard ledger.requests[number].chunks > 0,
        case .caller(let index) = connections[ledger.requests[number].connection].owner
      else { continue }
      plan(.caller(index, .reads(request: number)), in: 0...3000)
    }
  }

  /// Asks for more of something, be it a stream or not.
  mutating func readAnything(_ index: Int, _ connection: Int) {
    let known = callers[index].sent
    let (envelope, id) =
      known.isEmpty ? (callers[index].envelopes[0], "nothing") : known[pick(known.count)]
    if chance(50) { return askNext(index, connection, envelope: envelope, id) }
    send(
      .credit(connection: connection, envelope: envelope, id: id, chunks: 1), through: connection)
  }

  private mutating func askNext(
    _ index: Int, _ connection: Int, envelope: Int, _ id: String
  ) {
    let next = register(index, connection, .next(id: id), Sent.nobody(0), envelope: envelope)
    send(.next(next), through: connection)
  }

  private mutating func takeBack(_ index: Int, _ number: Int) {
    let request = ledger.requests[number]
    guard callers[index].connection == request.connection, let id = request.message.id else {
      return
    }
    send(
      .takeBack(connection: request.connection, envelope: request.envelope, id: id),
      through: request.connection)
  }
}
