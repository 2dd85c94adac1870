import Supervision
import Testing
import Wire

@Suite struct ResizeTests {
  @Test func oneMoreGetsTheNextNumber() {
    var bench = Bench.started(count: 2)
    #expect(bench.give(.oneMoreRequested) == ["supervisor.resized workers=3"])
    #expect(bench.give(.tick) == ["spawn 2", "worker.started name=w-3 generation=3 pid=103"])
    #expect(bench.phases == ["started", "started", "started"])
  }

  @Test func oneFewerIsTheLastWhichIsToldAndThenGone() {
    var bench = Bench.started(count: 2)
    #expect(
      bench.give(.oneFewerRequested) == [
        "supervisor.resized workers=1", "worker.stopping name=w-2 generation=2 pid=102", "TERM 102",
      ])
    #expect(bench.phases == ["started", "stopping"])
    #expect(bench.give(.exited(pid: 102, .status(0))).count == 2)
    #expect(bench.phases == ["started"])
    #expect(bench.give(.tick) == [])
    bench.give(.oneMoreRequested)
    #expect(bench.give(.tick) == ["spawn 1", "worker.started name=w-2 generation=3 pid=103"])
  }

  @Test func theNumberOfOneThatIsStillEndingIsNotFree() {
    var bench = Bench.started(count: 2)
    bench.give(.oneFewerRequested)
    bench.give(.oneMoreRequested)
    #expect(bench.give(.tick) == ["spawn 2", "worker.started name=w-3 generation=3 pid=103"])
    bench.give(.exited(pid: 102, .status(0)))
    #expect(
      bench.members == [
        "member name=w-1 generation=1 phase=started pid=101",
        "member name=w-3 generation=3 phase=started pid=103",
      ])
    bench.give(.oneMoreRequested)
    #expect(bench.give(.tick) == ["spawn 1", "worker.started name=w-2 generation=4 pid=104"])
    #expect(bench.give(.oneFewerRequested).suffix(1) == ["TERM 103"])
  }

  @Test func whoWaitsToBeRestartedIsGoneAtOnce() {
    var bench = Bench.started(count: 2)
    bench.give(.exited(pid: 102, .status(1)))
    #expect(bench.give(.oneFewerRequested) == ["supervisor.resized workers=1"])
    #expect(bench.members.count == 1)
    #expect(bench.supervisor.nextDeadline == nil)
  }

  @Test func theBoundsAreSaid() {
    var bench = Bench.started(count: Settings.maxChildren)
    #expect(
      bench.give(.oneMoreRequested) == ["add a worker: there are 512, which is the most"])
    bench.give(.oneFewerRequested)
    // As long as it has not ended it counts.
    #expect(
      bench.give(.oneMoreRequested) == ["add a worker: there are 512, which is the most"])
    bench = Bench.started()
    #expect(bench.give(.oneFewerRequested) == ["remove a worker: there is only one"])
  }

  @Test func aSupervisorIsNotCopied() {
    var bench = Bench.started()
    bench.give(.noticed(pid: 101, .takesHangUp))
    bench.give(.exited(pid: 101, .status(1)))
    _ = bench.sleepUntilDue()
    let why = "w-1 keeps processes of its own: ask that one"
    #expect(bench.give(.oneMoreRequested) == ["add a worker: \(why)"])
    #expect(bench.give(.oneFewerRequested) == ["remove a worker: \(why)"])
  }

  @Test func readyAreAllWhenTheOnlyOneThatWasNotIsRemoved() {
    var bench = Bench.started(count: 2)
    bench.give(.noticed(pid: 101, .ready))
    #expect(
      bench.give(.oneFewerRequested).suffix(2) == ["say ready", "supervisor.ready"])
  }

  @Test func readyAreAllOnlyWithTheOneThatWasAdded() {
    var bench = Bench.started(count: 1)
    bench.give(.oneMoreRequested)
    bench.give(.tick)
    #expect(bench.give(.noticed(pid: 101, .ready)).count == 1)
    #expect(bench.give(.noticed(pid: 102, .ready)).suffix(1) == ["supervisor.ready"])
  }

  @Test func aRestartPassesOverWhoIsRemoved() {
    var bench = Bench.started(count: 3)
    for pid in Int32(101)...103 { bench.give(.noticed(pid: pid, .ready)) }
    bench.give(.restartRequested)
    bench.give(.oneFewerRequested)
    bench.give(.exited(pid: 101, .status(0)))
    bench.give(.tick)
    // The second one, whose turn it is, is removed as well.
    #expect(bench.give(.noticed(pid: 104, .ready)).suffix(1) == ["TERM 102"])
    #expect(
      bench.give(.oneFewerRequested) == [
        "supervisor.resized workers=1", "supervisor.restarted workers=1",
      ])
    bench.give(.exited(pid: 102, .status(0)))
    bench.give(.exited(pid: 103, .status(0)))
    #expect(bench.members == ["member name=w-1 generation=4 phase=ready pid=104"])
  }

  @Test func whoIsStuckWhenRemovedIsGivenUp() {
    var bench = Bench.started(count: 2, graceMilliseconds: 0)
    bench.give(.oneFewerRequested)
    bench.give(.tick)
    bench.sleep(milliseconds: 2000)
    #expect(bench.give(.tick).count == 1)
    #expect(bench.phases == ["started"])
    #expect(bench.give(.exited(pid: 102, .signal("KILL", "Killed"))).count == 2)
  }

  @Test func aStopLeavesNothingOfIt() {
    var bench = Bench.started(count: 2)
    bench.give(.oneFewerRequested)
    bench.give(.stopRequested)
    bench.give(.exited(pid: 102, .status(0)))
    #expect(
      bench.give(.exited(pid: 101, .status(0))).suffix(2) == ["supervisor.stopped", "finish"])
  }
}
