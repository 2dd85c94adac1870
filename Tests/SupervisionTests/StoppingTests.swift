import Supervision
import Testing
import Wire

@Suite struct StoppingTests {
  @Test func everyoneIsToldBeforeTheFirstSignal() {
    var bench = Bench.started(count: 2)
    #expect(
      bench.give(.stopRequested) == [
        "supervisor.stopping", "worker.stopping name=w-1 generation=1 pid=101",
        "worker.stopping name=w-2 generation=2 pid=102", "TERM 101", "TERM 102",
      ])
    #expect(bench.supervisor.state.line.description == "state role=supervisor phase=stopping")
  }

  @Test func aSlowStopDoesNotHoldUpTheOthers() {
    var bench = Bench.started(count: 2, graceMilliseconds: 700)
    bench.give(.stopRequested)
    #expect(
      bench.give(.exited(pid: 102, .status(0))) == [
        #"worker.exited name=w-2 generation=2 pid=102 status=0 why="stopped: exit status 0""#,
        "KILL 102",
      ])
    #expect(bench.phases == ["stopping", "exited"])
    bench.sleep(milliseconds: 699)
    #expect(bench.give(.tick) == [])
    bench.sleep(milliseconds: 1)
    #expect(
      bench.give(.tick) == [
        #"worker.killed name=w-1 generation=1 pid=101 why="the grace of 700 ms is over""#,
        "KILL 101",
      ])
    #expect(
      bench.give(.exited(pid: 101, .signal("KILL", "Killed"))) == [
        #"worker.exited name=w-1 generation=1 pid=101 signal=KILL why="killed: the grace of 700 ms is over""#,
        "KILL 101", "supervisor.stopped", "finish",
      ])
  }

  @Test func aSecondRequestKillsAtOnceAndOnlyOnce() {
    var bench = Bench.started()
    bench.give(.stopRequested)
    #expect(
      bench.give(.stopRequested) == [
        #"worker.killed name=w-1 generation=1 pid=101 why="asked for a second time""#, "KILL 101",
      ])
    #expect(bench.give(.stopRequested) == [])
    #expect(bench.give(.tick) == [])
  }

  @Test func whoWaitsToBeRestartedIsNot() {
    var bench = Bench.started(count: 1)
    bench.give(.exited(pid: 101, .status(1)))
    #expect(
      bench.give(.stopRequested) == ["supervisor.stopping", "supervisor.stopped", "finish"])
    bench.sleep(milliseconds: 60_000)
    #expect(bench.give(.tick) == [])
  }

  @Test func noGraceMeansNone() {
    var bench = Bench.started(graceMilliseconds: 0)
    bench.give(.stopRequested)
    #expect(bench.sleepUntilDue() == 0)
    #expect(
      bench.give(.exited(pid: 101, .signal("KILL", "Killed"))).suffix(2) == [
        "supervisor.stopped", "finish",
      ])
  }

  @Test func theEndOfTheSupervisorAboveKillsAtOnce() {
    var bench = Bench.started(graceMilliseconds: 60_000)
    #expect(
      bench.give(.orphaned) == [
        "supervisor.stopping", "worker.stopping name=w-1 generation=1 pid=101",
        #"worker.killed name=w-1 generation=1 pid=101 why="the supervisor above is gone""#,
        "KILL 101",
      ])
    bench.sleep(milliseconds: 1000)
    #expect(bench.give(.tick) == ["supervisor.stopped", "finish"])
  }

  @Test func theNewsOfAForgottenProcessConcernNobody() {
    var bench = Bench.started()
    bench.give(.exited(pid: 101, .status(1)))
    _ = bench.sleepUntilDue()
    #expect(bench.give(.exited(pid: 101, .status(1))) == [])
    #expect(bench.give(.exited(pid: 999, .status(1))) == [])
    #expect(bench.phases == ["started"])
  }
}
