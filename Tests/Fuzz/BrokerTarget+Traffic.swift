import Broker
import Wire

/// What is said to the broker.
extension BrokerTarget {
  /// How many connections there are of each kind.
  static var peers: Int { 6 }

  private static var statements: [[UInt8]] {
    ["select 1", "select ?1", "", "select \u{0}"].map { Array($0.utf8) }
  }

  func peer(_ number: Int) -> PeerID {
    address(number).withUnsafeBytes { PeerID($0) }
  }

  /// The routing id of a connection; one of them has chosen its own.
  private func address(_ number: Int) -> [UInt8] {
    number == 5 ? Array("a long routing id".utf8) : [0, 0, 0, 0, UInt8(number)]
  }

  func client(_ source: inout Source) -> [[UInt8]] {
    var frames: [[UInt8]] = [[]]
    if source.chance(20) {
      var requests: [[UInt8]] = []
      for _ in 0..<source.below(source.chance(98) ? 6 : 1200) {
        let request = self.request(&source)
        requests += request + Array(repeating: [], count: max(0, 3 - request.count))
      }
      frames.append(Packed.line.encoded())
      frames.append(packed(requests, &source))
    } else {
      frames += request(&source)
    }
    if source.chance(10) { disturb(&frames, &source) }
    for _ in 0..<(source.chance(80) ? 0 : source.below(10)) {
      frames.insert(source.chance(95) ? [1, 2] : source.bytes(), at: 0)
    }
    return [address(source.below(Self.peers))] + frames
  }

  /// A line and what is behind it.
  private func request(_ source: inout Source) -> [[UInt8]] {
    guard source.chance(80) else { return [source.input(like: Corpus.lines), source.bytes()] }
    let request = source.pick(Corpus.requests)
    let isQuery = request.starts(with: "QUERY".utf8)
    var frames = [source.chance(50) ? request : source.input(like: Corpus.requests)]
    if isQuery || source.chance(5) { frames.append(source.pick(Self.statements)) }
    if isQuery && source.chance(50) {
      frames.append(Array((source.chance(50) ? "[1]" : "3:[1],0:,").utf8))
    }
    return frames
  }

  func worker(_ source: inout Source, _ cluster: Cluster) -> [[UInt8]] {
    // Those that were given something have something to say.
    let busy = (0..<Self.peers).filter { cluster.given[peer($0)] != nil }
    let number = busy.isEmpty || source.chance(40) ? source.below(Self.peers) : source.pick(busy)
    var frames: [[UInt8]] = [[]]
    let given = cluster.given[peer(number)] ?? [Corpus.attempt]
    if source.chance(10) {
      let member = Member(name: "workers-\(number)", generation: 7)
      let note = OverrunNote(member: member, attempt: source.pick(given)).line.encoded()
      frames.append(source.input(like: Corpus.notes + [note]))
    } else {
      let isChunk = source.chance(20)
      let member = Member(name: "workers-\(number)", generation: 7)
      frames.append(
        isChunk
          ? ChunkReport(member: member, attempt: source.pick(given)).line.encoded()
          : report(of: number, &source))
      frames.append(
        source.chance(80) ? source.pick(Corpus.databases) : source.input(like: Corpus.databases))
      var answers: [[UInt8]] = []
      for index in 0..<(source.chance(60) ? given.count : source.below(given.count + 3)) {
        let results = Corpus.results(
          source.chance(90) ? given[index % given.count] : source.pick(given))
        answers.append(source.chance(80) ? source.pick(results) : source.input(like: results))
        answers.append(source.bytes())
      }
      let lastRows = isChunk ? nil : answers.popLast()
      if !answers.isEmpty { frames.append(packed(answers, &source)) }
      if let lastRows { frames.append(lastRows) }
    }
    if source.chance(5) { disturb(&frames, &source) }
    return [address(number)] + frames
  }

  /// What a peer says: how much it can take, or something of what it was handed.
  func peerReply(_ source: inout Source, _ handed: [Attempt]) -> [[UInt8]] {
    var frames: [[UInt8]] = [[]]
    if source.chance(40) {
      let capacities = Corpus.capacities
      frames.append(source.chance(80) ? source.pick(capacities) : source.input(like: capacities))
      frames.append(
        source.chance(80) ? source.pick(Corpus.databases) : source.input(like: Corpus.databases))
    } else {
      var answers: [[UInt8]] = []
      for _ in 0..<(1 + source.below(4)) {
        let known = Corpus.answers(handed.isEmpty ? Corpus.attempt : source.pick(handed))
        answers.append(source.chance(80) ? source.pick(known) : source.input(like: known))
        answers.append(source.bytes())
      }
      frames +=
        source.chance(50)
        ? Array(answers.prefix(2)) : [Packed.line.encoded(), packed(answers, &source)]
    }
    if source.chance(5) { disturb(&frames, &source) }
    return frames.isEmpty ? [[]] : frames
  }

  /// Netstrings, of which few are none.
  private func packed(_ contents: [[UInt8]], _ source: inout Source) -> [UInt8] {
    var packed = ByteBuffer()
    for content in contents { content.withUnsafeBytes { packed.append(netstring: $0) } }
    let bytes = Array(packed)
    return source.chance(95) ? bytes : source.input(like: [bytes])
  }

  /// Most workers are who they were.
  private func report(of number: Int, _ source: inout Source) -> [UInt8] {
    switch source.below(20) {
    case 0: source.pick(Corpus.reports)
    case 1, 2: source.input(like: Corpus.reports)
    default:
      WorkerReport(
        member: Member(name: "workers-\(number)", generation: 7),
        supervisor: number < 4 ? "workers" : nil, pid: 812, hasDatabases: source.chance(50)
      ).line.encoded()
    }
  }

  func publish(_ cluster: inout Cluster, _ source: inout Source) throws(Finding) {
    let header =
      source.chance(50) ? source.pick(Corpus.headers) : source.input(like: Corpus.headers)
    let members = (0..<source.below(4)).compactMap { _ in
      try? Line(
        parsing: source.chance(50) ? source.pick(Corpus.slots) : source.input(like: Corpus.slots))
    }
    source.trace(header)
    for member in members { source.trace(member.encoded()) }
    guard let line = try? Line(parsing: header),
      let publication = Publication(header: line, members: members)
    else { return }
    try cluster.receive(publication)
  }

  /// Makes of a message one that is cut, doubled, or much too long.
  private func disturb(_ frames: inout [[UInt8]], _ source: inout Source) {
    switch source.below(6) {
    case 0: frames.remove(at: source.below(frames.count))
    case 1: frames.insert([], at: source.below(frames.count + 1))
    case 2: frames.append(contentsOf: frames)
    case 3: frames.swapAt(source.below(frames.count), source.below(frames.count))
    case 4: frames.insert(source.bytes(), at: source.below(frames.count + 1))
    default: frames.append(contentsOf: repeatElement([], count: source.chance(90) ? 9 : 1100))
    }
  }
}
