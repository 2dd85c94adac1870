import Supervision
import TestSupport
import Testing
import Wire

@Suite struct BackoffTests {
  private let segfault = Ending.signal("SEGV", "Segmentation fault")

  @Test func delaysDoubleWithinTheirBoundsAndNeverEnd() {
    var random = SeededRandom(seed: 1)
    var backoff = Backoff()
    for death in 0..<100 {
      let longest = min(10_000, 100 << min(death, 10))
      let delay = backoff.delay(lived: 4_999_999, random: &random)
      #expect((longest / 2...longest).contains(delay))
    }
  }

  @Test func jitterReachesBothBounds() {
    var random = SeededRandom(seed: 2)
    let delays = (0..<5000).map { _ in
      var backoff = Backoff()
      return backoff.delay(lived: 0, random: &random)
    }
    #expect(delays.min() == 50)
    #expect(delays.max() == 100)
  }

  @Test func aChildThatLivedForAWhileIsRestartedAtOnce() {
    var bench = Bench.started()
    bench.sleep(milliseconds: 5000)
    #expect(
      bench.give(.exited(pid: 101, segfault)) == [
        #"worker.exited name=w-1 generation=1 pid=101 signal=SEGV why="Segmentation fault""#,
        "KILL 101",
      ])
    #expect(
      bench.give(.tick) == ["spawn 0", "worker.started name=w-1 generation=2 pid=102"])
  }

  @Test func aChildThatDiesEarlyWaitsAndKeepsItsGeneration() {
    var bench = Bench.started()
    let texts = bench.give(.exited(pid: 101, .status(3)))
    #expect(
      texts[0] == #"worker.exited name=w-1 generation=1 pid=101 status=3 why="exit status 3""#)
    #expect(texts[2].hasPrefix("worker.backoff name=w-1 generation=1 delay_ms="))
    #expect(
      bench.members == [
        "member name=w-1 generation=1 phase=backoff"
      ])
    #expect(bench.give(.tick) == [])
    let delay = bench.sleepUntilDue()
    #expect((50...100).contains(delay ?? 0))
    #expect(bench.phases == ["started"])
  }

  @Test func aStableWhileForgetsEarlierDeaths() {
    var bench = Bench.started()
    for pid in Int32(101)...110 {
      bench.give(.exited(pid: pid, segfault))
      _ = bench.sleepUntilDue()
    }
    bench.sleep(milliseconds: 5000)
    bench.give(.exited(pid: 111, segfault))
    #expect(bench.sleepUntilDue() == 0)
    bench.give(.exited(pid: 112, segfault))
    #expect((50...100).contains(bench.sleepUntilDue() ?? 0))
  }

  @Test func whoHasBegunToWorkIsRestartedAtOnceAsOftenAsItDies() {
    var bench = Bench.started()
    for pid in Int32(101)...103 {
      bench.give(.exited(pid: pid, segfault))
      _ = bench.sleepUntilDue()
    }
    for pid in Int32(104)...110 {
      bench.give(.noticed(pid: pid, .working))
      #expect(bench.give(.exited(pid: pid, segfault)).count == 2)
      #expect(bench.sleepUntilDue() == 0)
    }
    // And what went before is forgotten.
    bench.give(.exited(pid: 111, segfault))
    #expect((50...100).contains(bench.sleepUntilDue() ?? 0))
  }

  @Test func whatCannotBeStartedLaterIsADeath() {
    var bench = Bench.started()
    bench.sleep(milliseconds: 5000)
    bench.give(.exited(pid: 101, .status(0)))
    bench.nextFailure = SpawnFailure(.notFound, "No such file or directory")
    let texts = bench.give(.tick)
    #expect(
      texts[1]
        == #"worker.exited name=w-1 generation=2 status=127 why="cannot start: No such file or directory""#
    )
    #expect(texts[2].hasPrefix("worker.backoff name=w-1 generation=2 delay_ms="))
    #expect(texts.count == 3)
  }

  @Test func aShortageAtTheStartIsWaitedFor() {
    var bench = Bench()
    bench.give(.begin)
    bench.nextFailure = SpawnFailure(.shortage, "Resource temporarily unavailable")
    bench.give(.tick)
    #expect(bench.phases == ["backoff"])
    _ = bench.sleepUntilDue()
    #expect(bench.phases == ["started"])
  }

  @Test(arguments: [(SpawnFailure.Kind.notFound, 127), (.notExecutable, 126)])
  func aCommandThatCannotBeRunAtAllEndsEverything(kind: SpawnFailure.Kind, status: Int) {
    var bench = Bench(count: 3)
    bench.give(.begin)
    bench.nextFailure = SpawnFailure(kind, "no")
    #expect(
      bench.give(.tick) == [
        "spawn 0", #"worker.exited name=w-1 generation=1 status=\#(status) why="cannot start: no""#,
        "supervisor.stopped", "finish \(status)",
      ])
    #expect(bench.give(.tick) == [])
    #expect(bench.supervisor.nextDeadline == nil)
  }
}
