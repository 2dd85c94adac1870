internal import Broker
internal import Toolkit
internal import Wire
internal import ZeroMQ

/// What the broker wants done.
extension BrokerLoop {
  /// Has the broker decide on all that has happened.
  mutating func settle() throws {
    repeat {
      sets.settle(&broker, now: Clock.now())
      broker.settle(now: Clock.now())
      try carryOut()
    } while isToSettle || sets.hasNews || sets.review(&broker, now: Clock.now())
  }

  /// Does what the broker wants done.
  mutating func carryOut() throws {
    isToSettle = false
    try carryOutSets()
    repeat {
      swap(&effects, &broker.effects)
      defer { effects.removeAll(keepingCapacity: true) }
      // Workers can work while the rest is done.
      for index in effects.indices {
        guard case .run(let peer, let orders) = effects[index] else { continue }
        check(try workers.send(orders, to: peer), of: peer)
      }
      // Each is taken out: to copy them would cost as much as to carry them out.
      effects.reverse()
      while let effect = effects.popLast() {
        switch effect {
        case .chunk(let number, let request, let line, let chunk):
          if sets.take(chunk, of: request) { continue }
          try answer(.of(request), line, .frame(chunk.frame), chunkOf: number)
        case .answer(let request, let line, let rows):
          if sets.take(line, rows, of: request) { continue }
          try answer(.of(request), line, part(rows))
        case .run: break
        case .tell(let peer, let command): check(try workers.send(command, to: peer), of: peer)
        case .hand(let number, let handovers): try peers[number].hand(handovers)
        case .tellPeer(let number, let message): try peers[number].tell(message)
        case .reconnect(let number): try peers[number].reconnect()
        case .publish(let event): try publisher.publish(event)
        }
      }
      if broker.effects.isEmpty {
        note(try output.sendPacks(through: clients))
        relieveOutput()
      }
    } while !broker.effects.isEmpty
  }

  private mutating func check(_ outcome: Socket.SendOutcome, of peer: PeerID) {
    // A worker that waits has room for a reply: one without room is not there.
    guard outcome != .sent else { return }
    broker.unreachable(peer, now: Clock.now())
    isToSettle = true
  }

  /// Sends what queries on several databases have come to.
  private mutating func carryOutSets() throws {
    guard !sets.effects.isEmpty else { return }
    let effects = sets.effects
    sets.effects = []
    for effect in effects {
      switch effect {
      case .chunk(let number, let request, let line, let chunk):
        try answer(request, line, chunk, chunkOf: number)
      case .answer(let request, let line, let rows): try answer(request, line, rows)
      }
    }
  }

  private mutating func answer(
    _ request: consuming ClientRequest, _ line: consuming Line, _ body: consuming Part,
    chunkOf number: UInt64? = nil
  ) throws {
    let answer = Answer(request: request, line: line, body: body)
    let fate = try output.send(answer, chunkOf: number, through: clients)
    if let number, fate != .kept { breakOff(number, without: 1) }
    note(fate)
  }

  private mutating func note(_ fate: Outbox.Fate) {
    switch fate {
    case .kept: break
    case .cut: noteDroppedRows()
    case .dropped: noteDroppedAnswers()
    }
  }

  /// Keeps what waits for all clients within its bound. Every result of which chunks are dropped is
  /// still in flight then, or has its last part there as well.
  private mutating func relieveOutput() {
    guard let (chunks, hasDropped) = output.relieve() else { return }
    for (number, count) in chunks { breakOff(number, without: count) }
    noteDroppedRows()
    if hasDropped { noteDroppedAnswers() }
  }

  /// Has a result end of which chunks were dropped.
  private mutating func breakOff(_ number: UInt64, without chunks: Int) {
    let now = Clock.now()
    if !sets.unread(number, chunks: chunks, &broker, now: now) {
      broker.unread(number, chunks: chunks, now: now)
    }
    isToSettle = true
  }

  /// Says that errors took the place of rows.
  private mutating func noteDroppedRows() {
    if rowDrops.isDue(Clock.now()) { noteDropped("rows") }
  }

  /// Says that requests are left without an answer.
  private mutating func noteDroppedAnswers() {
    if answerDrops.isDue(Clock.now()) { noteDropped("answers") }
  }

  private mutating func noteDropped(_ what: String) {
    broker.effects.append(
      .publish(
        Line("router.dropped").with("what", what).with("why", "a client reads no answers")))
  }

  private func part(_ rows: Rows?) -> Part {
    switch rows {
    case nil: return .delimiter
    case .bytes(let bytes): return .frame(bytes.withUnsafeBytes { Frame(copying: $0) })
    case .rendered(let rows): return .frame(rows.frame)
    case .values(let columns, let rows, let format):
      var bytes = ByteBuffer()
      let writer = RowWriter(format, columns: columns)
      writer.appendHeader(to: &bytes)
      for row in rows { writer.appendRow(row, to: &bytes) }
      return .frame(Frame(copying: bytes.bytes))
    }
  }
}
