import Supervision
import Testing
import Wire

@Suite struct ReadinessTests {
  @Test func theSupervisorIsReadyOnceAllItsChildrenAre() {
    var bench = Bench.started(count: 2)
    #expect(bench.phases == ["started", "started"])
    #expect(
      bench.give(.noticed(pid: 102, .ready)) == ["worker.ready name=w-2 generation=2 pid=102"])
    #expect(bench.phases == ["started", "ready"])
    #expect(
      bench.give(.noticed(pid: 101, .ready)) == [
        "worker.ready name=w-1 generation=1 pid=101", "say ready", "supervisor.ready",
      ])
  }

  @Test func itSaysSoOnce() {
    var bench = Bench.started()
    bench.give(.noticed(pid: 101, .ready))
    #expect(bench.give(.noticed(pid: 101, .ready)) == [])
    bench.give(.exited(pid: 101, .status(1)))
    _ = bench.sleepUntilDue()
    #expect(
      bench.give(.noticed(pid: 102, .ready)) == ["worker.ready name=w-1 generation=2 pid=102"])
  }

  @Test func theDeadDoNotCount() {
    var bench = Bench.started(count: 2)
    bench.give(.noticed(pid: 101, .ready))
    bench.give(.exited(pid: 101, .status(1)))
    #expect(
      bench.give(.noticed(pid: 102, .ready)) == ["worker.ready name=w-2 generation=2 pid=102"])
    #expect(bench.give(.noticed(pid: 101, .ready)) == [])
  }

  @Test func whoeverIsToEndDoesNotMakeTheSupervisorReady() {
    var bench = Bench.started()
    bench.give(.stopRequested)
    #expect(
      bench.give(.noticed(pid: 101, .ready)) == ["worker.ready name=w-1 generation=1 pid=101"])
    #expect(bench.phases == ["stopping"])
  }
}
