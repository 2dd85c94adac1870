import Supervision
import Testing
import Wire

@Suite struct RestartTests {
  private let ended = Ending.status(0)

  /// A bench whose children are ready, as many as that.
  private static func ready(_ count: Int, graceMilliseconds: Int = 1000) -> Bench {
    var bench = Bench.started(count: count, graceMilliseconds: graceMilliseconds)
    for pid in 101...Int32(100 + count) { bench.give(.noticed(pid: pid, .ready)) }
    return bench
  }

  @Test func oneAfterTheOtherEachWaitsForTheSuccessor() {
    var bench = Self.ready(2)
    #expect(
      bench.give(.restartRequested) == [
        "supervisor.restarting workers=2 passed_to=0",
        "worker.stopping name=w-1 generation=1 pid=101", "TERM 101",
      ])
    bench.give(.exited(pid: 101, ended))
    // At once, however young it was.
    #expect(bench.give(.tick) == ["spawn 0", "worker.started name=w-1 generation=3 pid=103"])
    #expect(bench.phases == ["started", "ready"])
    #expect(
      bench.give(.noticed(pid: 103, .ready)) == [
        "worker.ready name=w-1 generation=3 pid=103",
        "worker.stopping name=w-2 generation=2 pid=102", "TERM 102",
      ])
    bench.give(.exited(pid: 102, ended))
    bench.give(.tick)
    #expect(
      bench.give(.noticed(pid: 104, .ready)) == [
        "worker.ready name=w-2 generation=4 pid=104", "supervisor.restarted workers=2",
      ])
    #expect(bench.supervisor.nextDeadline == nil)
  }

  @Test func whoDoesNotEndIsKilledAndSucceededAtOnce() {
    var bench = Self.ready(1, graceMilliseconds: 700)
    bench.give(.restartRequested)
    #expect(bench.sleepUntilDue() == 700)
    bench.give(.exited(pid: 101, .signal("KILL", "Killed")))
    #expect(bench.sleepUntilDue() == 0)
    #expect(bench.phases == ["started"])
  }

  @Test func ifASuccessorDoesNotComeUpTheOthersAreLeftAsTheyAre() {
    var bench = Self.ready(3)
    bench.give(.restartRequested)
    bench.give(.exited(pid: 101, ended))
    bench.give(.tick)
    for pid in Int32(104)...110 {
      bench.sleep(milliseconds: 10)
      bench.give(.exited(pid: pid, .status(1)))
      #expect(bench.phases == ["backoff", "ready", "ready"])
      _ = bench.sleepUntilDue()
    }
    // Nor does it help to live on without a word, when others have said that they are ready.
    bench.sleep(milliseconds: 60_000)
    #expect(bench.give(.tick) == [])
    #expect(bench.give(.noticed(pid: 111, .ready)).suffix(1) == ["TERM 102"])
  }

  @Test func whereNobodySaysThatItIsReadyToLiveForAWhileIsEnough() {
    var bench = Bench.started(count: 2)
    bench.give(.restartRequested)
    bench.give(.exited(pid: 101, ended))
    bench.give(.tick)
    #expect(bench.sleepUntilDue() == 5000)
    #expect(bench.phases == ["started", "stopping"])
  }

  @Test func whoIsNotReadyGoesFirst() {
    var bench = Bench.started(count: 3)
    bench.give(.noticed(pid: 101, .ready))
    bench.give(.noticed(pid: 103, .ready))
    #expect(bench.give(.restartRequested).suffix(1) == ["TERM 102"])
  }

  @Test func whoDiesByItselfIsNotRestartedASecondTimeButWaitedFor() {
    var bench = Self.ready(3)
    bench.give(.restartRequested)
    bench.give(.exited(pid: 102, .status(1)))
    _ = bench.sleepUntilDue()
    bench.give(.exited(pid: 101, ended))
    bench.give(.tick)
    #expect(
      bench.give(.noticed(pid: 105, .ready)) == ["worker.ready name=w-1 generation=5 pid=105"])
    #expect(bench.give(.noticed(pid: 104, .ready)).suffix(1) == ["TERM 103"])
  }

  @Test func askedForAgainItBeginsAnew() {
    var bench = Self.ready(3)
    bench.give(.restartRequested)
    bench.give(.exited(pid: 101, ended))
    bench.give(.tick)
    bench.give(.noticed(pid: 104, .ready))
    #expect(bench.phases == ["ready", "stopping", "ready"])
    // Whoever is ending is succeeded by a new one anyway.
    #expect(bench.give(.restartRequested) == ["supervisor.restarting workers=3 passed_to=0"])
    bench.give(.exited(pid: 102, ended))
    bench.give(.tick)
    #expect(bench.give(.noticed(pid: 105, .ready)).suffix(1) == ["TERM 104"])
    bench.give(.exited(pid: 104, ended))
    bench.give(.tick)
    #expect(bench.give(.noticed(pid: 106, .ready)).suffix(1) == ["TERM 103"])
    bench.give(.exited(pid: 103, ended))
    bench.give(.tick)
    #expect(
      bench.give(.noticed(pid: 107, .ready)).suffix(1) == ["supervisor.restarted workers=3"])
  }

  @Test func aSuccessorThatDoesNotComeUpCanBeRestarted() {
    var bench = Self.ready(2)
    bench.give(.restartRequested)
    bench.give(.exited(pid: 101, ended))
    bench.give(.tick)
    #expect(bench.give(.restartRequested).suffix(1) == ["TERM 103"])
  }

  @Test func aStopEndsItAndTellsNobodyTwice() {
    var bench = Self.ready(2)
    bench.give(.restartRequested)
    #expect(
      bench.give(.stopRequested) == [
        "supervisor.stopping", "worker.stopping name=w-2 generation=2 pid=102", "TERM 102",
      ])
    bench.give(.exited(pid: 101, ended))
    #expect(bench.give(.exited(pid: 102, ended)).suffix(2) == ["supervisor.stopped", "finish"])
  }

  @Test func whoTakesHangUpGetsItAtOnce() {
    var bench = Self.ready(3)
    bench.give(.noticed(pid: 102, .takesHangUp))
    bench.give(.noticed(pid: 103, .takesHangUp))
    #expect(
      bench.give(.restartRequested) == [
        "supervisor.restarting workers=1 passed_to=2", "HUP 102", "HUP 103",
        "worker.stopping name=w-1 generation=1 pid=101", "TERM 101",
      ])
    #expect(bench.phases == ["stopping", "ready", "ready"])
  }

  @Test func hangUpDoesNotMeetAnyoneUnprepared() {
    var bench = Bench.started()
    bench.give(.noticed(pid: 101, .takesHangUp))
    bench.give(.exited(pid: 101, .status(1)))
    _ = bench.sleepUntilDue()
    #expect(
      bench.give(.restartRequested) == [
        "supervisor.restarting workers=0 passed_to=0", "supervisor.restarted workers=0",
      ])
  }
}
