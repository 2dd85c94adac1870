import Client
import DequeModule
import TestSupport
import Wire

/// A whole cluster in one thread and from one seed: the router's broker, supervisors and clients'
/// sessions as they ship, and around them processes, connections, files and a clock of which
/// anything can go wrong. The ledger judges what the broker does.
struct World: SimulatedWorld {
  /// How long everything may take to come to its end, in milliseconds.
  static let settlingMilliseconds = 30_000

  let scenario: Scenario
  var random: SeededRandom
  var now = Instant(microseconds: 1_000_000)
  var agenda = Agenda<Happening>()
  var ledger: Ledger
  var steps = 0

  // The router's process.
  var broker: Broker
  var router: Int64 = 0
  var isRouterUp = false
  /// Until then it is not running.
  var sleepsUntil = Instant.start
  /// What has arrived at the router meanwhile, in order.
  var inbox: Deque<Happening> = []
  var tickDue: Instant?
  /// When it decides on what it was told, if it was told anything.
  var turnEnd: Instant?
  /// What it wants done, and has not done yet.
  var deeds: [Effect] = []
  var routerSequence: Int64 = 0

  var connections: [Connection] = []
  var envelopes: [PeerID] = []
  var processes: [Process] = []
  var stations: [Station] = []
  var callers: [Caller] = []
  /// The processes that are there.
  var living: [Int] = []
  var databases: [Database] = []
  /// The databases whose files are there.
  var present: DatabaseSet
  var nextPid: Int32 = 100
  /// Generations and incarnations are numbers of one series.
  var nextNumber: Int64 = 1
  /// No more accidents, and no new requests.
  var isSettling = false

  /// What has happened, when somebody wants to read it.
  let history: History?

  init(seed: UInt64, coverage: Coverage, history: History? = nil) {
    random = SeededRandom(seed: seed &* 0x9e37_79b9_7f4a_7c15 ^ seed)
    scenario = Scenario(&random)
    self.history = history
    broker = Broker(scenario.configuration, now: now)
    ledger = Ledger(scenario.configuration, coverage)
    present = DatabaseSet(first: scenario.databases)
    databases = Array(repeating: Database(), count: scenario.databases)
    for number in scenario.stations.indices {
      let (workers, serves) = scenario.stations[number]
      stations.append(Station(name: "s\(number)", workers: workers, serves: serves))
      plan(.stationStarts(number), in: 0...20_000)
    }
    for _ in 0..<scenario.handWorkers { startByHand() }
    for number in 0..<(scenario.plainClients + scenario.sessions) {
      callers.append(Caller())
      if number >= scenario.plainClients {
        callers[number].session = Session(Self.settings, now: now)
      }
      plan(.caller(number, .connects), in: 0...20_000)
    }
    plan(.routerStarts, in: 0...20_000)
    plan(.accident, in: 0...2 * scenario.accidentInterval)
  }

  /// Lets so many things happen, then everything come to its end.
  mutating func run(steps count: Int) throws {
    while steps < count { try step() }
    try settle()
  }

  /// Lets the next thing happen.
  mutating func step() throws {
    steps += 1
    let due = agenda.nextDue ?? now
    if isRouterUp {
      if !inbox.isEmpty, max(now, sleepsUntil) <= due, let first = inbox.popFirst() {
        pass(to: sleepsUntil)
        return try arrive(first)
      }
      if let end = (turnEnd ?? tickDue).map({ max($0, sleepsUntil) }), end < due {
        pass(to: end)
        return try endTurn()
      }
    }
    guard let (due, happening) = agenda.next() else { throw Violation("nothing happens any more") }
    pass(to: due)
    note("\(happening)")
    try happen(happening)
  }

  private mutating func pass(to time: Instant) { now = max(now, time) }

  private mutating func happen(_ happening: Happening) throws {
    switch happening {
    case .request, .takeBack, .credit, .next, .callerGone, .malformed, .report, .more,
      .nonsense,
      .workerGone, .note,
      .publication:
      guard isRouterUp else { return }
      if now < sleepsUntil || !inbox.isEmpty {
        inbox.append(happening)
      } else {
        try arrive(happening)
      }
    case .command(let connection, let command): obey(connection, command)
    case .heard(let process, let word): hear(process, word)
    case .process(let process, let event): happen(inside: process, event)
    case .station(let station, let incarnation, let event):
      happen(at: station, incarnation, event)
    case .stationStarts(let station): start(station)
    case .answered(let connection, let reply): try receive(reply, on: connection)
    case .caller(let caller, let event): happen(to: caller, event)
    case .routerStarts: startRouter()
    case .routerState(let incarnation): publishRouterState(incarnation)
    case .accident: try accident()
    }
  }
}
