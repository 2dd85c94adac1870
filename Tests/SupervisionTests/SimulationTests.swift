import Testing

@Suite struct SimulationTests {
  @Test func nothingThatHappensBreaksThePromises() {
    for seed in UInt64(1)...2000 {
      var world = SimulatedWorld(seed: seed)
      world.run()
    }
  }
}
