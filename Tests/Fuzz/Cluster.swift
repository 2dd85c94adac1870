import Broker
import Router
import TestSupport
import Wire
import ZeroMQ

/// A broker among hostile clients, workers and publishers, and what is known of its promises: each
/// request is answered once, each worker hears one reply at most for each thing that it says.
struct Cluster {
  typealias RouterBroker = Broker

  var broker: RouterBroker
  private(set) var sets = Sets()
  private var latest = LatestRequest()
  private var workerLines = WorkerLines()
  var now = Instant(microseconds: 1_000_000)
  /// The messages that have no answer yet.
  private(set) var open: [ObjectIdentifier: OpenRequest] = [:]
  /// The ids that are in flight, with their messages.
  private var inFlight: [Key: ObjectIdentifier] = [:]
  /// How many replies each worker's connection may get.
  private var owed: [PeerID: Int] = [:]
  /// What each was given last.
  private(set) var given: [PeerID: [Attempt]] = [:]
  /// What each peer was handed over its connection.
  private(set) var handed: [[Attempt]]
  /// What the answer to a question of our own was.
  private var shown: [[Value]] = []
  private var questions: UInt32 = 0

  private struct Key: Hashable {
    let client: PeerID
    let id: String
  }

  init(_ configuration: Configuration) {
    broker = Broker(configuration, now: now)
    handed = configuration.peers.map { _ in [] }
  }

  /// A request, whether it has asked for chunks, and how many answers it is to have: more than one for a
  /// series.
  struct OpenRequest {
    let request: ClientRequest
    let isStream: Bool
    let first: UInt64?
    let each: Int?
    var left: Int

    init(request: ClientRequest, isStream: Bool, first: UInt64?, each: Int?) {
      (self.request, self.isStream, self.first, self.each) = (request, isStream, first, each)
      left = each ?? 1
    }

    /// Whether an id is one of a series.
    func covers(_ id: UInt64) -> Bool {
      guard let first, let each else { return false }
      return first <= id && id - first < UInt64(each)
    }
  }

  /// Whether ids of a series were those of others, as no honest client's are.
  private(set) var isAmbiguous = false

  /// How many requests have no answer yet.
  var openCount: Int { open.values.reduce(0) { $0 + $1.left } }

  mutating func receive(fromClient message: Multipart) throws(Finding) {
    var reader = RequestReader(message, &latest)
    var count = 0
    while let received = reader.next(&latest) {
      count += 1
      try receive(received)
    }
    try expect(count <= Packed.maxRequests + 1, "\(count) requests in a message", [])
  }

  private mutating func receive(_ received: RequestReader.Received) throws(Finding) {
    let request = received.request
    let number = ObjectIdentifier(request)
    let client = request.sender.client
    var key: Key?
    var isAnswered = true
    var isStream = false
    var each: Int?
    switch received.content {
    case .refused: break
    case .message(.cancel), .message(.credit): isAnswered = false
    case .message(.next(let id)): isAnswered = !isInChunks(Key(client: client, id: id))
    case .message(.query(let query)):
      key = query.id.map { Key(client: client, id: $0) }
      isStream = query.credit != nil
      each = query.each
    case .message(.show(let show)): key = show.id.map { Key(client: client, id: $0) }
    case .message(.peer): break
    }
    if let id = received.content.id {
      let key = Key(client: client, id: id)
      // Which of two the broker knows by an id depends on what has become of the series.
      if meets(key, each) { isAmbiguous = true }
    }
    if let key {
      // One that is repeated while it is in flight is ignored.
      isAnswered = inFlight[key] == nil
      inFlight[key] = inFlight[key] ?? number
    }
    if isAnswered {
      open[number] = OpenRequest(
        request: request, isStream: isStream, first: key.flatMap { UInt64($0.id) }, each: each)
    }
    broker.receive(received, besides: &sets, now: now)
    try carryOut()
  }

  /// Whether an id, or one of those of a series, is that of one of a series in flight, or of anything else.
  private func meets(_ key: Key, _ each: Int?) -> Bool {
    let own = open.values.filter { $0.request.sender.client == key.client }
    guard let id = UInt64(key.id) else { return false }
    return own.contains { other in
      guard let first = other.first, each != nil || other.each != nil else { return false }
      return first < id &+ UInt64(each ?? 1) && id < first &+ UInt64(other.each ?? 1)
    }
  }

  /// Whether what is in flight so is to come in chunks.
  private func isInChunks(_ key: Key) -> Bool {
    inFlight[key].flatMap { open[$0] }?.isStream ?? false
  }

  mutating func receive(fromWorker message: Multipart) throws(Finding) {
    owed[PeerID(message[0]), default: 0] += 1
    try? broker.receive(fromWorker: message, &workerLines, now: now)
    try carryOut()
  }

  mutating func receive(fromPeer number: Int, _ message: Multipart) throws(Finding) {
    broker.receive(PeerReply(message), from: number, now: now)
    try carryOut()
  }

  mutating func disconnect(peer number: Int) throws(Finding) {
    broker.disconnected(peer: number, now: now)
    try carryOut()
  }

  mutating func receive(_ publication: Publication) throws(Finding) {
    broker.receive(publication, now: now)
    try carryOut()
  }

  mutating func disconnect(client: PeerID) throws(Finding) {
    for (number, open) in open where open.request.sender.connection == client { close(number) }
    sets.disconnected(client: client, &broker, now: now)
    broker.disconnected(client: client, now: now)
    try carryOut()
  }

  mutating func disconnect(worker: PeerID) throws(Finding) {
    broker.disconnected(worker: worker, now: now)
    try carryOut()
  }

  mutating func pass(milliseconds: Int) throws(Finding) {
    now = now.adding(milliseconds: milliseconds)
    broker.tick(now: now)
    sets.tick(&broker, now: now)
    try carryOut()
  }

  private mutating func close(_ number: ObjectIdentifier) {
    open[number] = nil
    inFlight = inFlight.filter { $0.value != number }
  }

  mutating func carryOut() throws(Finding) {
    repeat {
      sets.stepLooked(&broker, now: now)
      sets.settle(&broker, now: now)
      broker.settle(now: now)
      while !broker.effects.isEmpty {
        let effects = broker.effects
        broker.effects = []
        for effect in effects { try carryOut(effect) }
      }
      let answers = sets.effects
      sets.effects = []
      for answer in answers { try carryOut(answer) }
    } while sets.hasNews || sets.hasLooked || sets.review(&broker, now: now)
  }

  private mutating func carryOut(_ effect: Sets.Effect) throws(Finding) {
    switch effect {
    case .chunk(_, let request, let line, _): try pass(chunk: line, of: request)
    case .answer(let request, let line, _): try pass(answer: line, to: request)
    }
  }

  private func pass(chunk line: Line, of request: ClientRequest) throws(Finding) {
    try expect(isAmbiguous || number(of: request) != nil, "a chunk after the end", line.encoded())
    try readable(line)
  }

  private mutating func pass(answer line: Line, to request: ClientRequest) throws(Finding) {
    let each = line["each"].flatMap { Int($0) } ?? 1
    guard let number = number(of: request, line["id"]), let left = open[number]?.left,
      1...left ~= each
    else {
      try expect(isAmbiguous, "answered twice, or never asked", line.encoded())
      return try readable(line)
    }
    if left == each { close(number) } else { open[number]?.left = left - each }
    try readable(line)
  }

  /// The number of a request, or of a series that it is one of.
  private func number(of request: ClientRequest, _ id: String? = nil) -> ObjectIdentifier? {
    let number = ObjectIdentifier(request)
    if open[number] != nil { return number }
    let series = open.filter { $1.each != nil && $1.request.sender === request.sender }
    let id = id.flatMap { UInt64($0) }
    return (series.first { $1.covers(id ?? 0) } ?? series.first)?.key
  }

  /// Whether somebody waits for an answer to it.
  private func isOpen(_ request: any Statement) -> Bool {
    let request = ClientRequest.of(request)
    return isAmbiguous || number(of: request) != nil || request.isPart
  }

  private mutating func carryOut(_ effect: Effect) throws(Finding) {
    switch effect {
    case .chunk(_, let request, let line, let chunk):
      if sets.take(chunk, of: request) { return }
      try pass(chunk: line, of: .of(request))
    case .answer(let request, let line, let rows):
      if sets.take(line, rows, of: request) { return }
      try pass(answer: line, to: .of(request))
      if case .values(_, let rows, _) = rows { shown = rows }
    case .run(let peer, let orders):
      try reply(to: peer, .run)
      given[peer] = orders.map(\.job.attempt)
      for order in orders {
        try expect(isOpen(order.request), "run after its end", order.job.line.encoded())
        try readable(order.job.line)
      }
    case .tell(let peer, let command): try reply(to: peer, command)
    case .hand(let peer, let handovers):
      for handover in handovers {
        let line = ClientMessage.query(handover.query).line
        try expect(isOpen(handover.request), "handed over after its end", line.encoded())
        try readable(line)
        try expect((try? ClientMessage(line)) != nil, "no peer takes this", line.encoded())
        if let attempt = handover.query.id.flatMap(Attempt.init(handedAs:)) {
          handed[peer].append(attempt)
        }
      }
    case .tellPeer(_, let message): try readable(message.line)
    case .reconnect(let peer): handed[peer] = []
    case .publish(let line): try readable(line)
    }
  }

  private mutating func reply(to peer: PeerID, _ command: WorkerCommand) throws(Finding) {
    let line = command.line
    try expect(owed[peer, default: 0] > 0, "a second reply to one message", line.encoded())
    owed[peer, default: 0] -= 1
    try readable(line)
  }

  /// Whoever gets a line must be able to read it, with what a publisher puts in front of it.
  private func readable(_ line: Line) throws(Finding) {
    let bytes = line.encoded()
    try expect(bytes.count <= Line.maxLength - 256, "a line of \(bytes.count) bytes", bytes)
    let isSame = (try? Line(parsing: bytes))?.encoded() == bytes
    try expect(isSame && line.fields.count <= Line.maxFields - 4, "a line nobody can read", bytes)
  }

  /// The rows of a question of our own, over a connection of its own.
  mutating func show(_ subject: Show.Subject, _ pipe: borrowing Pipe) throws(Finding) -> [[Value]] {
    shown = []
    questions += 1
    let connection = [99] + withUnsafeBytes(of: questions, Array.init)
    let line = ClientMessage.show(Show(id: nil, subject: subject, format: .json)).line
    try receive(fromClient: try pipe.message([connection, [], line.encoded()]))
    return shown
  }
}

extension RequestReader.Content {
  fileprivate var id: String? {
    switch self {
    case .message(let message): message.id
    case .refused: nil
    }
  }
}
