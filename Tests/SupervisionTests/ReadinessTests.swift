import Supervision
import Testing

@Suite struct ReadinessTests {
  @Test func theSupervisorIsReadyOnceAllItsChildrenAre() {
    var bench = Bench.started(count: 2)
    #expect(bench.phases == ["started", "started"])
    #expect(bench.give(.ready(pid: 102)) == ["worker.ready name=w-2 generation=2 pid=102"])
    #expect(bench.phases == ["started", "ready"])
    #expect(
      bench.give(.ready(pid: 101)) == [
        "worker.ready name=w-1 generation=1 pid=101", "say ready", "supervisor.ready",
      ])
  }

  @Test func itSaysSoOnce() {
    var bench = Bench.started()
    bench.give(.ready(pid: 101))
    #expect(bench.give(.ready(pid: 101)) == [])
    bench.give(.exited(pid: 101, .status(1)))
    _ = bench.sleepUntilDue()
    #expect(bench.give(.ready(pid: 102)) == ["worker.ready name=w-1 generation=2 pid=102"])
  }

  @Test func theDeadDoNotCount() {
    var bench = Bench.started(count: 2)
    bench.give(.ready(pid: 101))
    bench.give(.exited(pid: 101, .status(1)))
    #expect(bench.give(.ready(pid: 102)) == ["worker.ready name=w-2 generation=2 pid=102"])
    #expect(bench.give(.ready(pid: 101)) == [])
  }

  @Test func whoeverIsToEndDoesNotMakeTheSupervisorReady() {
    var bench = Bench.started()
    bench.give(.stopRequested)
    #expect(bench.give(.ready(pid: 101)) == ["worker.ready name=w-1 generation=1 pid=101"])
    #expect(bench.phases == ["stopping"])
  }
}
