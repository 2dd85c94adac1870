import TestSupport
import Wire

/// What differs from seed to seed in a circle of brokers: who knows whom, who serves what, and what
/// goes wrong.
struct CircleScenario: SimulatedScenario {
  enum Shape: CaseIterable {
    /// Everybody knows everybody else.
    case full
    /// Each knows the next one, and the last one the first.
    case ring
    /// Each knows the next one.
    case chain
    /// Whoever knows whom, and perhaps itself.
    case random
  }

  struct Worker {
    let site: Int
    let serves: DatabaseSet
  }

  /// Of each broker, the brokers that it knows.
  var peers: [[Int]] = []
  var workers: [Worker] = []
  var callers: [Int] = []
  var databases = 1
  var texts: [Text] = []
  var tries = 3
  /// Between two acts of a client, in microseconds, on average.
  var pace: Int64 = 2000
  var burst = 1
  var deadlines: ClosedRange<Int64> = 50...3000
  var accidentInterval: Int64 = 100_000
  var accidents: [CircleAccident] = []
  /// Of a hundred messages.
  var late = 0
  /// Of a hundred things that a broker is told, after which it waits whether there are more.
  var gathering = 0
  /// Of a hundred requests.
  var streams = 0
  /// Of a hundred chunks, after which nobody wants more.
  var stalls = 0
  /// Of a hundred requests, that wait for a change.
  var watchers = 0
  /// Of a thousand chunks, for which there is no room.
  var unread = 0
  var maxQueuedRequests = 100_000
  var maxRequestsInFlight = 10_000
  /// Whether brokers say how much they take of a connection: older ones do not.
  var saysBounds = true

  var allDatabases: Range<Int> { 0..<databases }

  init(_ random: inout SeededRandom) {
    func pick<Value>(_ values: [Value]) -> Value {
      values[Int(random.next() % UInt64(values.count))]
    }
    let count = pick([2, 2, 3, 4])
    let shape = pick(Shape.allCases)
    for site in 0..<count {
      switch shape {
      case .full: peers.append((0..<count).filter { $0 != site })
      case .ring: peers.append([(site + 1) % count])
      case .chain: peers.append(site + 1 < count ? [site + 1] : [])
      case .random: peers.append((0..<count).filter { _ in pick([true, false]) })
      }
    }
    databases = pick([1, 2, 3])
    for site in 0..<count {
      for _ in 0..<pick([0, 1, 1, 2, 3]) {
        let some = DatabaseSet(first: pick([1, databases]))
        let other = pick([some, DatabaseSet(only: site % databases)])
        workers.append(Worker(site: site, serves: pick([DatabaseSet(first: databases), other])))
      }
      for _ in 0..<pick([0, 1, 1, 2]) { callers.append(site) }
    }
    if workers.isEmpty { workers = [Worker(site: 0, serves: DatabaseSet(first: databases))] }
    if callers.isEmpty { callers = [0] }
    tries = pick([1, 2, 3, 3])
    pace = pick([300, 2000, 10_000, 50_000])
    burst = pick([1, 3, 10, 40])
    deadlines = pick([20...200, 50...3000, 50...3000, 1000...10_000])
    accidentInterval = pick([30_000, 100_000, 400_000, 2_000_000])
    accidents = CircleAccident.allCases.filter { _ in pick([true, false]) }
    late = pick([0, 2, 20])
    gathering = pick([0, 30, 95])
    streams = pick([0, 20, 70])
    stalls = pick([0, 5, 40])
    watchers = pick([0, 0, 20])
    unread = pick([0, 0, 20])
    maxQueuedRequests = pick([8, 100_000, 100_000, 100_000, 100_000])
    maxRequestsInFlight = pick([4, 10_000, 10_000, 10_000, 10_000])
    saysBounds = pick([true, true, true, false])
    let natures: [Nature] = [.quick, .quick, .brisk, .slow, .moody, .wrong, .poison, .deaf]
    for _ in 0..<pick([2, 4, 8]) {
      texts.append(
        Text(nature: pick(natures), database: Int(random.next() % UInt64(databases))))
    }
  }
}

extension DatabaseSet {
  init(only database: Int) {
    self.init()
    insert(database)
  }
}

/// What can go wrong in a circle.
enum CircleAccident: CaseIterable {
  case workerDies
  case brokerDies
  case brokerDrains
  /// From now on nothing gets through a link, and nobody is told.
  case linkIsCut
  /// A link ends, and both sides are told.
  case linkBreaks
  /// What is sent through a link stays on its way for a while.
  case linkStalls
  case databaseIsWritten
  case workerFindsOther
}
