import Testing
import Wire

@testable import Worker

@Suite struct SetSimulationTests {
  @Test(arguments: 0..<40)
  func everyQueryEndsWithAllRowsInOrder(_ hundred: Int) {
    for seed in 0..<100 {
      var world = SetWorld(seed: UInt64(hundred * 100 + seed))
      world.run()
      if let problem = world.problem ?? problem(of: world) {
        Issue.record("seed \(hundred * 100 + seed): \(problem)")
        return
      }
    }
  }

  private func problem(of world: SetWorld) -> String? {
    for (index, query) in world.queries.enumerated() {
      guard let end = query.end else {
        return "query \(index) of \(world.queries.count) never ends"
      }
      var expected: [[UInt8]] = []
      var failed = 0
      var isWhole = true
      for (item, database) in world.databases.enumerated() {
        let chunks = database.fails ? database.chunks : database.chunks + 1
        // Whether the chunks before a failure are passed on is up to who runs it.
        expected += (0..<chunks).map { [UInt8(item), UInt8($0)] }
        guard database.fails else { continue }
        failed += 1
        isWhole = query.skipsFailed && database.chunks == 0
        if !isWhole { break }
      }
      switch end {
      case .rows(let rows):
        guard isWhole, query.passed == expected, rows == expected.count,
          query.summary?.failed == failed,
          query.summary?.databases == world.databases.count - failed
        else { return "query \(index) has \(query.passed), not \(expected)" }
      case .failure(let failure):
        let isCut = failure.code == .aborted
        guard isCut || !isWhole && failure.code == .sql,
          expected.starts(with: query.passed)
        else { return "query \(index) ends with \(failure) after \(query.passed)" }
      case .unchanged: return "query \(index) is unchanged"
      }
    }
    return nil
  }
}
