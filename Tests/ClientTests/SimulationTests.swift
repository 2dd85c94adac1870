import Client
import TestSupport
import Testing
import Toolkit
import Wire

/// Runs a session against a router that loses connections, repeats itself, is busy or slow.
@Suite struct SimulationTests {
  @Test(arguments: UInt64(1)...200)
  func everyRequestHasOneAnswerInOrder(seed: UInt64) {
    var simulation = Simulation(seed: seed)
    simulation.run()
  }
}

private struct Simulation {
  private static let total = 60
  private var random: SeededRandom
  private var client: TestClient
  private let settings: Settings
  /// Answers on their way through the connection.
  private var wire: [(id: UInt64, outcome: Outcome)] = []
  private var isConnected = false
  private var submitted = 0
  private var taken = 0
  private var sends: [UInt64: Int] = [:]
  private var begun: [UInt64: Instant] = [:]

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    var settings = Settings()
    settings.window = Int.random(in: 1...20, using: &random)
    settings.tries = Int.random(in: 1...8, using: &random)
    settings.timeoutMilliseconds = Int.random(in: 50...3000, using: &random)
    self.settings = settings
    client = TestClient { $0 = settings }
    client.connect()
    isConnected = true
  }

  mutating func run() {
    var steps = 0
    while submitted < Self.total || !client.session.isEmpty {
      step()
      check()
      steps += 1
      guard steps < 100_000 else {
        Issue.record("it never ends")
        return
      }
    }
    #expect(client.output.count == Self.total)
    #expect(client.complaints.isEmpty)
    for (index, text) in client.output.enumerated() {
      #expect(text == "\(index)" || text.hasPrefix("line \(index): "))
    }
  }

  private mutating func step() {
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<6:
      guard submitted < Self.total, client.session.hasRoom else { return }
      begun[UInt64(submitted)] = client.now
      submitted += 1
      client.submit(1)
    case 6..<14: deliver()
    case 14: client.answer(UInt64.random(in: 0..<80, using: &random), .failure(late), body: "late")
    case 15, 16: client.advance(Int.random(in: 0...60, using: &random))
    case 17:
      // As if nothing had happened for long.
      guard Int.random(in: 0..<10, using: &random) == 0 else { return }
      client.advance(Int.random(in: 0...4000, using: &random))
    default:
      if isConnected {
        guard Int.random(in: 0..<4, using: &random) == 0 else { return }
        isConnected = false
        wire = []
        client.disconnect()
      } else {
        isConnected = true
        client.connect()
      }
    }
  }

  /// Nobody's: its code says that nothing is to be printed for it, and it cannot be retried.
  private var late: Failure { Failure(.cancelled, "late") }

  private mutating func deliver() {
    guard isConnected, let index = wire.indices.randomElement(using: &random) else { return }
    let (id, outcome) = wire[index]
    // Some come twice.
    if Int.random(in: 0..<5, using: &random) > 0 { wire.remove(at: index) }
    client.answer(id, outcome)
  }

  /// Takes what was sent, and checks what must always hold.
  private mutating func check() {
    while taken < client.sent.count {
      let sent = client.sent[taken]
      taken += 1
      #expect(isConnected)
      sends[sent.id, default: 0] += 1
      #expect(sends[sent.id, default: 0] <= settings.tries)
      guard let start = begun[sent.id] else {
        Issue.record("sent before it was submitted")
        continue
      }
      let passed = client.now.millisecondsUp(since: start)
      #expect(sent.deadline == settings.timeoutMilliseconds - passed)
      wire.append((sent.id, outcome()))
    }
    // Nothing outlives its time and the grace.
    for number in UInt64(client.output.count)..<UInt64(submitted) {
      guard let start = begun[number], number == UInt64(client.output.count) else { break }
      let age = client.now.millisecondsUp(since: start)
      #expect(age < settings.timeoutMilliseconds + Settings.graceMilliseconds)
    }
  }

  private mutating func outcome() -> Outcome {
    switch Int.random(in: 0..<10, using: &random) {
    case 0: .failure(Failure(.busy, "busy", retryMilliseconds: 20))
    case 1: .failure(Failure(.draining, "draining"))
    case 2: .failure(Failure(.sql, "wrong"))
    default: .rows(1)
    }
  }
}
