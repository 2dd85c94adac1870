import Testing

@testable import Broker

@Suite struct SimulationTests {
  @Test func noRequestIsLostAnsweredTwiceOrRunAfterItsEnd() throws {
    var outcomes: [String: Int] = [:]
    for seed: UInt64 in 1...200 {
      var cluster = SimulatedCluster(seed: seed)
      do {
        for _ in 0..<400 { try cluster.step() }
        try cluster.settle()
        outcomes.merge(cluster.outcomes, uniquingKeysWith: +)
      } catch {
        let history = cluster.history.suffix(40).joined(separator: "\n")
        Issue.record("seed \(seed): \(error)\n\(history)")
        return
      }
    }
    // All ways in which a request can end were taken.
    #expect(
      Set(outcomes.keys) == ["OK", "sql", "deadline", "crashed", "no-such-database"],
      "\(outcomes)")
  }
}
