import TestSupport
import Wire

/// What differs from seed to seed: how large the cluster is, what it is set to, how fast its time
/// passes, and which accidents there are. Of everything that can go wrong only some goes wrong with
/// one seed, so that each thing is also seen without the others.
struct Scenario: SimulatedScenario {
  var configuration = Configuration()
  /// How many workers each supervisor keeps, and which databases they serve.
  var stations: [(workers: Int, serves: DatabaseSet)] = []
  var handWorkers = 0
  var plainClients = 1
  var sessions = 0
  var databases = 1
  var texts: [Text] = []
  /// Between two acts of a client, in microseconds, on average.
  var pace: Int64 = 1000
  /// How many requests a client sends at once at most.
  var burst = 1
  /// Of a request at most, in bytes.
  var size: Int64 = 1000
  var deadlines = 50...3000
  /// Between two accidents, in microseconds, on average.
  var accidentInterval: Int64 = 100_000
  var accidents: [Accident] = []
  /// Of a hundred publications and notes.
  var lost = 0
  /// Of a hundred messages.
  var late = 0
  /// Of a hundred things that the router is told, after which it waits whether there are more.
  var gathering = 0
  /// Of a thousand runs, that kill their worker although nothing is wrong with them.
  var bad = 0
  /// Of a hundred requests for which that is possible, that wait for a change.
  var watchers = 20
  /// Of a hundred requests with an id, that want their results in chunks.
  var streams = 0
  /// Of a hundred chunks, after which nobody wants more for a long time, or ever.
  var stalls = 0
  /// Of a hundred chunks, for which there is no room.
  var unread = 0
  /// Of a hundred such requests, that may take minutes.
  var patience = 0
  /// Of a hundred starts of a process, that fail.
  var failedStarts = 0
  var graceMilliseconds = 1000

  init(_ random: inout SeededRandom) {
    func pick<Value>(_ values: [Value]) -> Value {
      values[Int(random.next() % UInt64(values.count))]
    }
    databases = pick([1, 2, 2, 3])
    let all = DatabaseSet(first: databases)
    let reserved = pick([0, 0, 1, 2])
    for _ in 0..<pick([1, 1, 1, 2]) {
      let some = DatabaseSet(first: pick([1, databases]))
      stations.append((pick([1, 2, 2, 3, 4]), pick([all, all, some])))
    }
    handWorkers = pick([0, 0, 0, 1, 2])
    plainClients = pick([1, 2, 3, 5])
    sessions = pick([0, 0, 1, 2])
    // Whoever waits for minutes shall see them pass.
    patience = pick([0, 0, 0, 80])
    pace = patience > 0 ? 1_000_000 : pick([300, 2000, 2000, 10_000, 40_000, 200_000])
    burst = pick([1, 1, 3, 10])
    size = pick([1000, 1000, 1000, 50_000])
    deadlines = pick([5...100, 50...3000, 50...3000, 1000...10_000])
    accidentInterval = pick([20, 60, 200, 500]) * min(pace, 200_000)
    accidents = Accident.allCases.filter { _ in pick([true, false]) }
    if patience > 0 { accidents.append(.clockJumps) }
    lost = pick([0, 0, 5, 30, 70])
    late = pick([0, 2, 20])
    gathering = pick([0, 30, 95])
    bad = pick([0, 0, 5, 30])
    watchers = pick([0, 10, 60])
    streams = patience > 0 ? 60 : pick([0, 20, 80])
    stalls = patience > 0 ? 70 : pick([2, 20, 70])
    failedStarts = pick([0, 0, 0, 20])
    graceMilliseconds = pick([100, 1000, 3000])

    configuration.tries = pick([1, 2, 3, 3])
    configuration.defaultDeadlineMilliseconds = pick([500, 5000])
    configuration.maxDeadlineMilliseconds = patience > 0 ? 86_400_000 : pick([2000, 86_400_000])
    if pick([true, false, false]) { configuration.databaseDeadlineMilliseconds["a"] = 700 }
    configuration.maxQueuedRequests = pick([3, 10, 30, 100_000, 100_000])
    configuration.maxQueuedBytes = pick([3000, 256 << 20, 256 << 20])
    configuration.maxRequestsInFlight = pick([4, 10_000, 10_000])
    // Where little may wait, nearly all of much is refused.
    let mostAtOnce = min(
      configuration.maxQueuedRequests / 2, configuration.maxQueuedBytes / 1000,
      configuration.maxRequestsInFlight / 2)
    burst = min(pick([burst, burst, 40]), mostAtOnce)
    configuration.reservedWorkers = reserved

    let natures = Nature.allCases.filter { _ in pick([true, false, false]) }
    for _ in 0..<pick([2, 4, 8, 20]) {
      let nature = pick([.quick, .quick, .quick, .moody] + natures)
      texts.append(Text(nature: nature, database: Int(random.next() % UInt64(databases))))
    }
    unread = pick([0, 0, 0, 10])
  }
}

extension DatabaseSet {
  /// The first of them, so many.
  init(first count: Int) {
    self.init()
    for database in 0..<count { insert(database) }
  }
}

/// What can go wrong, or is done by hand.
enum Accident: CaseIterable {
  case workerDies
  case workerIsStopped
  case workerHangsInTheKernel
  case workerIsTold
  case supervisorDies
  case supervisorSleeps
  case supervisorIsTold
  case supervisorRestarts
  case supervisorGrows
  case supervisorShrinks
  case routerDies
  case routerDrains
  case routerSleeps
  case databaseIsWritten
  case databaseVanishes
  case nonsense
  case pardon
  case handWorkerComes
  case clockJumps
  case workerIsCutOff
}
