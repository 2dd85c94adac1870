import Client
import TestSupport
import Testing
import Toolkit
import Wire
import ZeroMQ

/// Watches a database that changes, through a router that loses connections, is full or slow.
@Suite struct WatchSimulationTests {
  @Test(arguments: UInt64(1)...200)
  func whatIsPrintedFollowsTheDatabase(seed: UInt64) {
    var simulation = WatchSimulation(seed: seed)
    simulation.run()
  }
}

private struct WatchSimulation {
  private var random: SeededRandom
  private var client = TestClient { $0.tries = 1000 }
  /// The rows at each version of the database, some of which equal those before.
  private var states = ["0"]
  /// What the router has, with the version that it was asked about.
  private var held: (id: UInt64, version: Int?, waits: Bool)?
  /// The version that it was told last.
  private var known: Int?
  private var isConnected = true
  private var taken = 0
  private var printed = 0
  /// The version that was printed last, at the earliest.
  private var position = 0

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    client.connect()
    client.startWatch()
  }

  mutating func run() {
    check()
    for _ in 0..<2000 {
      step()
      check()
    }
    // When all is well again, the last state is printed without further ado.
    isConnected = true
    client.connect()
    check()
    client.advance(100)
    for _ in 0..<3 {
      check()
      answer()
    }
    check()
    #expect(client.printed.last == states.last)
    #expect(client.output == client.printed)
    #expect(client.complaints.isEmpty)
    #expect(held != nil)
  }

  private mutating func step() {
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<4: states.append(String(Int.random(in: 0..<3, using: &random)))
    case 4..<12: answer()
    case 12: refuse()
    case 13..<16: client.advance(Int.random(in: 0...100, using: &random))
    case 16:
      // Up to the end of a wait.
      guard isConnected, held?.waits ?? false, Int.random(in: 0..<10, using: &random) == 0
      else { return }
      client.advance(330_000)
    case 17: client.answer(UInt64.random(in: 0..<1000, using: &random) + 1_000_000)
    default:
      guard Int.random(in: 0..<4, using: &random) == 0 else { return }
      isConnected.toggle()
      held = nil
      if isConnected { client.connect() } else { client.disconnect() }
    }
  }

  private mutating func answer() {
    guard isConnected, let (id, version, waits) = held else { return }
    let current = states.count - 1
    if version == current && waits && Int.random(in: 0..<20, using: &random) > 0 { return }
    held = nil
    known = current
    let outcome = version == current ? Outcome.unchanged : .rows(1)
    let body = version == current ? "" : states[current]
    client.receive(
      Answer(
        id: id, outcome: outcome, version: String(current), body: .bytes(Array(body.utf8))))
  }

  private mutating func refuse() {
    guard isConnected, let (id, _, waits) = held else { return }
    // A failure without a wait would end it, and rightly.
    let codes: [ErrorCode] = waits ? [.busy, .draining, .deadline] : [.busy, .draining]
    guard let code = codes.randomElement(using: &random) else { return }
    held = nil
    client.answer(id, .failure(Failure(code, "later", retryMilliseconds: 10)))
  }

  private mutating func check() {
    while taken < client.sent.count {
      let sent = client.sent[taken]
      taken += 1
      // It has one request at a time: the one before is over.
      held = (sent.id, sent.ifVersion.flatMap(Int.init), sent.waits)
      #expect(isConnected)
      #expect(sent.ifVersion == known.map { String($0) })
      #expect(!sent.waits || known != nil)
    }
    while printed < client.printed.count {
      let rows = client.printed[printed]
      #expect(printed == 0 || rows != client.printed[printed - 1])
      guard let next = states[position...].firstIndex(of: rows) else {
        Issue.record("these rows were never there after those before")
        return
      }
      position = next
      printed += 1
    }
    #expect(client.reported.isEmpty)
    #expect(client.sent.count <= 1 || client.watch?.hasEnded == false)
  }
}
