import Testing
import Wire

@testable import Router

@Suite struct SetSimulationTests {
  @Test(arguments: 0..<20)
  func everyQueryEndsWithAllRowsInOrder(_ part: Int) {
    for seed in 0..<20 {
      var world = SetWorld(seed: UInt64(part * 20 + seed))
      world.run()
      if let problem = world.problem ?? problem(of: world) {
        Issue.record("seed \(part * 20 + seed): \(problem)")
        return
      }
    }
  }

  private func problem(of world: SetWorld) -> String? {
    for (index, query) in world.queries.enumerated() {
      guard let end = query.end else { return "query \(index) never ends" }
      if query.endTime > query.deadline.adding(milliseconds: 1000) { return "\(index) ends late" }
      var expected: [UInt8] = []
      var (rows, failed) = (0, 0)
      var isWhole = true
      for database in world.databases where isWhole {
        let parts = database.fails ? database.chunks : database.chunks + 1
        for part in 0..<parts { expected += world.row(database, part).utf8 }
        rows += parts
        guard database.fails else { continue }
        failed += 1
        isWhole = query.skipsFailed && database.chunks == 0
      }
      switch end {
      case .rows(rows) where isWhole && query.rows == expected:
        let summary = SetSummary(
          databases: world.databases.count - failed, failed: failed,
          code: failed > 0 ? .sql : nil, why: query.summary?.why)
        if query.summary != summary { return "\(index) has another summary" }
      case .failure(let failure) where !isWhole && failure.code == .sql: break
      case .failure(let failure)
      where world.hasAccidents && expected.starts(with: query.rows)
        && [.crashed, .aborted, .quarantined, .deadline].contains(failure.code):
        break
      default: return "\(index) ends with \(end) after \(query.rows.count) of \(expected.count)"
      }
    }
    return nil
  }
}
