import Testing
import Wire
import ZeroMQ

@testable import Broker
@testable import Router

/// Which databases a query is on, when there are many of them.
@Suite struct SetSearchTests {
  private let now = Instant(microseconds: 10_000_000)
  private let names = (1000..<4000).map { "db-\($0)" }

  private func ready(_ broker: inout Broker) {
    let report = WorkerReport(
      member: Member(name: "w-1", generation: 1), supervisor: nil, pid: 1, hasDatabases: true)
    let databases = names.map { ServedDatabase(name: $0) }
    broker.receive(report, databases: databases, results: [], from: .short(5), now: now)
    broker.settle(now: now)
  }

  private func ask(
    _ database: String, _ number: UInt64, _ sets: inout Sets, _ broker: inout Broker
  ) {
    let request = ClientRequest(
      Sender(.short(number << 8 | 5)), size: 10,
      sql: Array("select 1".utf8).withUnsafeBytes { Frame(copying: $0) }, shape: 0, parameters: nil)
    let query = Query(id: "q", database: database, format: .tsv, deadlineMilliseconds: 60_000)
    let isTaken = sets.receive(.query(query), request, &broker, now: now)
    #expect(isTaken)
  }

  /// Two queries for which the worker has looked again.
  private func looked(_ first: String, _ second: String) -> (Sets, Broker) {
    var (sets, broker) = (Sets(), Broker(Configuration(), now: .start))
    ready(&broker)
    ask(first, 1, &sets, &broker)
    ask(second, 2, &sets, &broker)
    sets.settle(&broker, now: now)
    broker.settle(now: now)
    ready(&broker)
    for case .answer(let request, let line, let rows) in broker.effects {
      let isPart = sets.take(line, rows, of: request)
      #expect(isPart)
    }
    return (sets, broker)
  }

  private func databases(_ number: UInt64, _ sets: Sets) -> [String]? {
    let set = sets.all.values.first { $0.connection == .short(number << 8 | 5) }
    return set?.coordinator?.items.map(\.name)
  }

  @Test func manyPatternsKeepNobodyFromFindingHisOwn() {
    let patterns = (0..<63).map { "*x\($0)" } + ["*9"]
    var (sets, broker) = looked(patterns.joined(separator: ","), "*-100*,nobody")
    for _ in 0..<10 where databases(2, sets) == nil {
      sets.stepLooked(&broker, now: now)
      #expect(sets.nextDeadline == .start)
    }
    #expect(databases(2, sets) == (1000..<1010).map { "db-\($0)" } + ["nobody"])
    #expect(databases(1, sets) == nil)
    var steps = 0
    while sets.hasLooked {
      sets.stepLooked(&broker, now: now)
      steps += 1
    }
    #expect(steps >= 64 * names.count / Sets.comparisons - 10)
    #expect(databases(1, sets) == names.filter { $0.hasSuffix("9") })
  }

  @Test func whoeverEndsMeanwhileIsSearchedForNoMore() {
    var (sets, broker) = looked("*0,*1", "*2")
    sets.stepLooked(&broker, now: now)
    sets.disconnected(client: .short(1 << 8 | 5), &broker, now: now)
    while sets.hasLooked { sets.stepLooked(&broker, now: now) }
    #expect(databases(2, sets)?.count == 300 && sets.counts.sets == 1)
  }
}
