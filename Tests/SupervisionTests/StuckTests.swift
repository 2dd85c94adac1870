import Supervision
import Testing
import Wire

@Suite struct StuckTests {
  private static let why = #"why="it has not ended 2000 ms after it was killed"#

  /// A bench whose child hangs from now on, and was killed for that.
  private static func killed(graceMilliseconds: Int = 1000) -> Bench {
    var bench = Bench.started(graceMilliseconds: graceMilliseconds)
    bench.hang(pid: 101)
    return bench
  }

  @Test func anotherTakesThePlaceOfWhoDoesNotEnd() {
    var bench = Self.killed()
    bench.sleep(milliseconds: 1999)
    #expect(bench.give(.tick) == [])
    bench.sleep(milliseconds: 1)
    #expect(
      bench.give(.tick) == [
        "worker.stuck name=w-1 generation=1 pid=101 \(Self.why)\"", "spawn 0",
        "worker.started name=w-1 generation=2 pid=102",
      ])
    #expect(
      bench.members == ["member name=w-1 generation=2 phase=started pid=102"])
  }

  @Test func whenItEndsAtLastItIsBuriedUnderItsOwnGeneration() {
    var bench = Self.killed()
    _ = bench.sleepUntilDue()
    #expect(
      bench.give(.exited(pid: 101, .signal("KILL", "Killed"))) == [
        #"worker.exited name=w-1 generation=1 pid=101 signal=KILL why="killed: no sign of life for 3500 ms""#,
        "KILL 101",
      ])
    #expect(bench.give(.exited(pid: 101, .signal("KILL", "Killed"))) == [])
    #expect(bench.members == ["member name=w-1 generation=2 phase=started pid=102"])
    #expect(bench.give(.noticed(pid: 101, .ready)) == [])
  }

  @Test func atTheThirdTheSlotWaitsUntilOneHasEnded() {
    var bench = Bench.started()
    for pid in Int32(101)...102 {
      bench.hang(pid: pid)
      _ = bench.sleepUntilDue()
    }
    bench.hang(pid: 103)
    bench.sleep(milliseconds: 2000)
    #expect(
      bench.give(.tick) == [
        "worker.stuck name=w-1 generation=3 pid=103 \(Self.why); "
          + #"there is no other one until one of 3 such has ended""#
      ])
    #expect(bench.members == ["member name=w-1 generation=3 phase=stuck"])
    #expect(bench.supervisor.nextDeadline == nil)
    bench.give(.exited(pid: 102, .signal("KILL", "Killed")))
    #expect(bench.give(.tick) == ["spawn 0", "worker.started name=w-1 generation=4 pid=104"])
    #expect(bench.members == ["member name=w-1 generation=4 phase=started pid=104"])
    // Now there are two, and another one would be the third.
    bench.hang(pid: 104)
    _ = bench.sleepUntilDue()
    #expect(bench.phases == ["stuck"])
  }

  @Test func theEndOfTheSupervisorDoesNotWaitForThem() {
    var bench = Self.killed()
    _ = bench.sleepUntilDue()
    bench.give(.stopRequested)
    #expect(
      bench.give(.exited(pid: 102, .status(0))).suffix(2) == ["supervisor.stopped", "finish"])
  }

  @Test func whoIsStuckAtTheEndIsGivenUp() {
    var bench = Bench.started(graceMilliseconds: 700)
    bench.give(.stopRequested)
    #expect(bench.sleepUntilDue() == 700)
    bench.sleep(milliseconds: 2000)
    #expect(
      bench.give(.tick) == [
        "worker.stuck name=w-1 generation=1 pid=101 \(Self.why)\"", "supervisor.stopped", "finish",
      ])
  }

  @Test func aBlockedSlotEndsWithTheSupervisor() {
    var bench = Bench.started()
    for pid in Int32(101)...103 {
      bench.hang(pid: pid)
      _ = bench.sleepUntilDue()
    }
    #expect(
      bench.give(.stopRequested) == ["supervisor.stopping", "supervisor.stopped", "finish"])
  }
}
