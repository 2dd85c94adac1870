import Testing

@Suite struct SimulationTests {
  @Test func nothingThatHappensBreaksThePromises() {
    var events: [String: Int] = [:]
    for seed in UInt64(1)...1000 {
      var world = SimulatedWorld(seed: seed)
      world.run()
      events.merge(world.record.events, uniquingKeysWith: +)
    }
    // Otherwise the promises would be kept for lack of an occasion.
    for word in [
      "worker.killed", "worker.stuck", "worker.backoff", "supervisor.ready",
      "supervisor.restarted", "supervisor.resized", "report", "three stuck",
    ] {
      #expect(events[word, default: 0] > 100, "\(word): \(events[word, default: 0])")
    }
  }
}
