import Client
import TestSupport
import Testing
import Toolkit
import Wire

/// Runs a session against a router that loses connections, repeats itself, is busy or slow, and whose
/// results come in one message or in many.
@Suite struct SimulationTests {
  @Test(arguments: UInt64(1)...300)
  func everyRequestHasOneResultInOrder(seed: UInt64) {
    var simulation = Simulation(seed: seed, isOrdered: true)
    simulation.run()
  }

  @Test(arguments: UInt64(1)...300)
  func everyRequestHasOneResult(seed: UInt64) {
    var simulation = Simulation(seed: seed, isOrdered: false)
    simulation.run()
  }
}

private struct Simulation {
  private enum Message {
    case chunk(Int)
    case final(Outcome, chunks: Int)
  }

  /// A request that the router has.
  private struct Flow {
    let line: Int
    /// Of its result.
    let chunks: Int
    let outcome: Outcome
    var credit: Int
    var made = 0
    /// On their way, in this order.
    var wire: [Message] = []
    var isOver = false
  }

  private static let total = 60
  private var random: SeededRandom
  private var client: TestClient
  private let settings: Settings
  private var flows: [UInt64: Flow] = [:]
  private var isConnected = true
  private var submitted = 0
  private var taken = (sent: 0, credits: 0, cancelled: 0)
  private var sends: [Int: Int] = [:]
  private var begun: [Int: Instant] = [:]
  /// Under which id a line was sent last: another one says that it was let go meanwhile.
  private var ids: [Int: UInt64] = [:]
  /// When the next one to be printed came to be that.
  private var turn = (line: -1, start: Instant.start)
  /// How many chunks the result of a line has, whenever it is run.
  private var chunks: [Int] = []

  init(seed: UInt64, isOrdered: Bool) {
    random = SeededRandom(seed: seed)
    var settings = Settings()
    settings.isOrdered = isOrdered
    settings.window = Int.random(in: 1...20, using: &random)
    settings.tries = Int.random(in: 1...8, using: &random)
    settings.timeoutMilliseconds = Int.random(in: 50...3000, using: &random)
    settings.maxAnswerBytes = Int.random(in: 10...1000, using: &random)
    self.settings = settings
    client = TestClient { $0 = settings }
    let share = Int.random(in: 0...10, using: &random)
    for _ in 0..<Self.total {
      let isLarge = Int.random(in: 0..<10, using: &random) < share
      chunks.append(isLarge ? Int.random(in: 1...12, using: &random) : 0)
    }
    client.connect()
  }

  mutating func run() {
    var steps = 0
    while submitted < Self.total || !client.session.isEmpty {
      step()
      check()
      steps += 1
      // The router was away for too long: the tool ends.
      if client.hasGivenUp { return }
      guard steps < 100_000 else {
        Issue.record("it never ends")
        return
      }
    }
    #expect(client.output.count == Self.total)
    #expect(client.complaints.isEmpty)
    #expect(client.chunks.isEmpty)
    let lines = client.output.map { line(of: $0) }
    #expect(settings.isOrdered ? lines == Array(0..<Self.total) : lines.count == Set(lines).count)
    for fragment in client.fragments {
      // What was printed of a result that failed is how it begins.
      let line = fragment.split(separator: ".").first.flatMap { Int($0) } ?? -1
      #expect(chunks.indices.contains(line) && result(of: line).hasPrefix(fragment))
    }
  }

  /// The line of a result, which must be whole, or of an error.
  private func line(of output: String) -> Int {
    if output.hasPrefix("line ") {
      return output.dropFirst(5).split(separator: ":").first.flatMap { Int($0) } ?? -1
    }
    let line = output.split(separator: ".").first.flatMap { Int($0) } ?? -1
    return chunks.indices.contains(line) && output == result(of: line) ? line : -1
  }

  private func result(of line: Int) -> String {
    (0..<chunks[line]).map { "\(line).\($0 + 1) " }.joined() + "\(line).end"
  }

  private mutating func step() {
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<5:
      guard submitted < Self.total, client.session.hasRoom else { return }
      begun[submitted] = client.now
      submitted += 1
      client.submit(1)
    case 5..<14: deliver()
    case 14:
      // Nobody's: its code says that nothing is to be printed for it, and it cannot be retried.
      let id = UInt64.random(in: 0..<80, using: &random)
      let isInFlight = flows[id] != nil
      let outcome = Outcome.failure(Failure(.cancelled, "late"))
      if !isInFlight { client.answer(id, outcome, body: "late") }
    case 15, 16: pass(Int.random(in: 0...60, using: &random))
    case 17:
      // As if nothing had happened for long.
      guard Int.random(in: 0..<10, using: &random) == 0 else { return }
      pass(Int.random(in: 0...4000, using: &random))
    default:
      guard Int.random(in: 0..<4, using: &random) == 0 else { return }
      isConnected.toggle()
      flows = [:]
      if isConnected { client.connect() } else { client.disconnect() }
    }
  }

  /// Time passes; what becomes due meanwhile is done then.
  private mutating func pass(_ milliseconds: Int) {
    let end = client.now.adding(milliseconds: milliseconds)
    while let due = client.session.nextTick, due > client.now, due < end {
      client.advance(due.millisecondsUp(since: client.now))
      check()
    }
    client.advance(end.millisecondsUp(since: client.now))
  }

  private mutating func deliver() {
    let ids = flows.keys.filter { flows[$0]?.wire.isEmpty == false }.sorted()
    guard isConnected, let id = ids.randomElement(using: &random), let flow = flows[id],
      let message = flow.wire.first
    else { return }
    switch message {
    case .chunk(let number):
      flows[id]?.wire.removeFirst()
      client.chunk(id, number, body: "\(flow.line).\(number) ")
    case .final(let outcome, let chunks):
      // Some come twice.
      if Int.random(in: 0..<5, using: &random) > 0 { flows[id] = nil }
      if case .rows = outcome {
        client.end(id, chunks: chunks, body: "\(flow.line).end")
      } else {
        // Whose turn it is has all its time anew.
        if flow.line == turn.line, self.ids[flow.line] == id, flow.made == 0, outcome.isAborted {
          begun[flow.line] = client.now
        }
        client.answer(id, outcome)
      }
    }
  }

  /// Takes what was sent, and checks what must always hold.
  private mutating func check() {
    noteTurn()
    while taken.cancelled < client.cancelled.count { takeBack(client.cancelled[taken.cancelled]) }
    while taken.sent < client.sent.count { take(client.sent[taken.sent]) }
    while taken.credits < client.credits.count {
      let credit = client.credits[taken.credits]
      taken.credits += 1
      #expect(isConnected)
      flows[credit.id]?.credit += credit.chunks
      // What was asked for and has not been printed, which here is done at once.
      if let flow = flows[credit.id] {
        let chunks = flow.wire.count { if case .chunk = $0 { true } else { false } }
        #expect(flow.credit + chunks <= Settings.streamCredit)
      }
      make(credit.id)
    }
    guard settings.isOrdered else { return }
    // Nothing outlives its time and the grace.
    let head = client.output.count
    if head < submitted, let start = begun[head] {
      let age = client.now.millisecondsUp(since: max(start, turn.start))
      #expect(age < settings.timeoutMilliseconds + Settings.graceMilliseconds)
    }
  }

  private mutating func noteTurn() {
    if turn.line != client.output.count { turn = (client.output.count, client.now) }
  }

  private mutating func take(_ sent: TestClient.Sent) {
    taken.sent += 1
    #expect(isConnected)
    #expect(flows[sent.id]?.isOver ?? true)
    if let id = ids[sent.line], id != sent.id {
      // It was let go: that was no try, and it has all its time anew.
      sends[sent.line, default: 0] -= 1
      begun[sent.line] = turn.start
      #expect(!settings.isOrdered || sent.line == turn.line)
    }
    ids[sent.line] = sent.id
    sends[sent.line, default: 0] += 1
    #expect(sends[sent.line, default: 0] <= settings.tries)
    if settings.isOrdered, let start = begun[sent.line] {
      let passed = client.now.millisecondsUp(since: start)
      #expect(sent.deadline == settings.timeoutMilliseconds - passed)
    }
    flows[sent.id] = Flow(
      line: sent.line, chunks: chunks[sent.line], outcome: outcome(), credit: 1)
    make(sent.id)
  }

  private mutating func takeBack(_ id: UInt64) {
    taken.cancelled += 1
    guard let flow = flows[id] else { return }
    if !flow.isOver {
      flows[id]?.wire.append(.final(.failure(Failure(.cancelled, "taken back")), chunks: 0))
    }
    flows[id]?.isOver = true
  }

  /// Lets the router go on with a request as far as it may.
  private mutating func make(_ id: UInt64) {
    guard var flow = flows[id], !flow.isOver else { return }
    let isSmall = flow.chunks == 0
    while flow.made < flow.chunks, flow.credit > 0 {
      if case .failure = flow.outcome, flow.made > 0 || isSmall { break }
      flow.made += 1
      flow.credit -= 1
      flow.wire.append(.chunk(flow.made))
    }
    var isOver = flow.made == flow.chunks
    if case .failure = flow.outcome { isOver = true }
    if isOver {
      flow.isOver = true
      flow.wire.append(.final(flow.outcome, chunks: flow.made))
    }
    flows[id] = flow
  }

  private mutating func outcome() -> Outcome {
    switch Int.random(in: 0..<10, using: &random) {
    case 0: .failure(Failure(.busy, "busy", retryMilliseconds: 20))
    case 1: .failure(Failure(.draining, "draining"))
    case 2: .failure(Failure(.sql, "wrong"))
    case 3: .failure(Failure(.aborted, "it is not read", retryMilliseconds: 0))
    default: .rows(1)
    }
  }
}

extension Outcome {
  fileprivate var isAborted: Bool {
    if case .failure(let failure) = self { failure.code == .aborted } else { false }
  }
}
