import TestSupport
import Wire

/// Several brokers that know each other, in one thread and from one seed, with workers, clients, and
/// links of which anything can go wrong. The ledger judges what the brokers do.
struct CircleWorld: SimulatedWorld {
  /// How long everything may take to come to its end.
  static let settlingMilliseconds = 20_000
  /// How long after its links are whole again a broker may take to use its peers.
  static let healingMilliseconds = 8000

  let scenario: CircleScenario
  var random: SeededRandom
  var now = Instant(microseconds: 1_000_000)
  var agenda = Agenda<CircleHappening>()
  var ledger: CircleLedger
  var steps = 0

  var sites: [CircleSite] = []
  var links: [CircleLink] = []
  var connections: [CircleConnection] = []
  var workers: [CircleWorker] = []
  var callers: [CircleCaller] = []
  var versions: [Int]
  var nextGeneration: Int64 = 10
  var nextRun = 0
  /// A credit that is to be passed on to a peer.
  var dueCredit: Attempt?
  /// No more accidents, and no new requests.
  var isSettling = false

  /// What has happened, when somebody wants to read it.
  let history: History?

  init(seed: UInt64, coverage: CircleCoverage, history: History? = nil) {
    random = SeededRandom(seed: seed &* 0xd134_2543_de82_ef95 ^ seed)
    scenario = CircleScenario(&random)
    self.history = history
    ledger = CircleLedger(tries: scenario.tries, coverage: coverage)
    versions = Array(repeating: 1, count: scenario.databases)
    for (site, peers) in scenario.peers.enumerated() {
      sites.append(
        CircleSite(
          broker: Broker(Configuration(), now: now),
          outstanding: Array(repeating: [:], count: peers.count)))
      for (number, target) in peers.enumerated() {
        sites[site].links.append(links.count)
        links.append(CircleLink(site: site, peer: number, target: target))
      }
      plan(.starts(site: site), in: 0...20_000)
      plan(.speaks(supervisor: site), in: 0...1_000_000)
    }
    for (number, worker) in scenario.workers.enumerated() {
      workers.append(
        CircleWorker(site: worker.site, name: "w-\(number)", serves: worker.serves))
      plan(.worker(number, serial: 0, .starts), in: 0...50_000)
    }
    for (number, site) in scenario.callers.enumerated() {
      callers.append(CircleCaller(site: site))
      plan(.callerConnects(number), in: 0...50_000)
    }
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
    guard let (due, happening) = agenda.next() else { throw Violation("nothing happens any more") }
    now = max(now, due)
    note("\(happening)")
    try happen(happening)
    if let what = ledger.coverage.violation { throw Violation(what) }
  }

  private mutating func happen(_ happening: CircleHappening) throws {
    switch happening {
    case .message(let connection, let packet): try receive(packet, over: connection)
    case .clientGone(let connection): try forget(client: connection)
    case .report(let connection, let report): try receive(report, from: connection)
    case .workerGone(let connection): try forget(worker: connection)
    case .changed(let site, let database): try tellOfChange(of: database, at: site)
    case .publication(let site, let word):
      try tell(site) { $0.receive(word.publication, now: $1) }
    case .turnEnds(let site, let serial):
      if sites[site].serial == serial, sites[site].isUp { try endTurn(site) }
    case .wakes(let site, let serial):
      if sites[site].serial == serial, sites[site].isUp { try endTurn(site) }
    case .starts(let site): start(site)
    case .speaks(let site): speak(site)
    case .connects(let link, let serial): connect(link, serial)
    case .isLost(let link, let serial): try tellOfLoss(of: link, serial)
    case .reply(let connection, let reply): try receive(reply, over: connection)
    case .command(let connection, let reply): obey(reply, over: connection)
    case .cancelled(let worker, let attempt): cancel(attempt, of: worker)
    case .worker(let worker, let serial, let event):
      if workers[worker].serial == serial { happen(inside: worker, event) }
    case .callerActs(let caller): act(caller)
    case .callerConnects(let caller): connect(caller: caller)
    case .reads(let request): read(request)
    case .accident: try accident()
    }
  }
}
