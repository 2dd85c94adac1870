import Supervision
import Testing
import Wire

@Suite struct WatchingTests {
  private static let killed = [
    #"worker.killed name=w-1 generation=1 pid=101 why="no sign of life for 3500 ms""#, "KILL 101",
  ]

  @Test func whoFallsSilentIsKilled() {
    var bench = Bench.started()
    bench.give(.noticed(pid: 101, .alive))
    #expect(bench.pulse() == [])
    bench.give(.noticed(pid: 101, .alive))
    // What it said is some time before the pulse that heard of it; then seven follow in silence.
    for _ in 1...7 { #expect(bench.pulse() == []) }
    #expect(bench.pulse() == Self.killed)
    #expect(bench.pulse() == [])
  }

  @Test func whoNeverSaidThatItIsAliveMayBeSilent() {
    var bench = Bench.started()
    bench.give(.noticed(pid: 101, .ready))
    bench.give(.noticed(pid: 101, .working))
    for _ in 1...100 { #expect(bench.pulse() == []) }
  }

  @Test func whoIsStoppedBeforeItCouldSaySoIsKilled() {
    var bench = Bench.started()
    bench.give(.suspended(pid: 101))
    for _ in 1...6 { #expect(bench.pulse() == []) }
    #expect(bench.pulse() == Self.killed)
  }

  @Test func whoGoesOnAgainMayBeSilentAsBefore() {
    var bench = Bench.started()
    bench.give(.suspended(pid: 101))
    for _ in 1...6 { #expect(bench.pulse() == []) }
    bench.give(.resumed(pid: 101))
    for _ in 1...100 { #expect(bench.pulse() == []) }
  }

  @Test func toGoOnIsNoSignOfLife() {
    var bench = Bench.started()
    bench.give(.noticed(pid: 101, .alive))
    bench.pulse()
    for _ in 1...6 {
      bench.give(.suspended(pid: 101))
      bench.give(.resumed(pid: 101))
      #expect(bench.pulse() == [])
    }
    #expect(bench.pulse() == Self.killed)
  }

  @Test func whoGoesOnSayingSoLives() {
    var bench = Bench.started()
    for _ in 1...100 {
      bench.give(.noticed(pid: 101, .alive))
      for _ in 1...7 { #expect(bench.pulse() == []) }
    }
  }

  @Test func aSleepOfTheSupervisorIsNotItsChildrensSilence() {
    var bench = Bench.started()
    bench.give(.noticed(pid: 101, .alive))
    bench.pulse()
    // Each counts as a second.
    for _ in 1...3 { #expect(bench.pulse(afterMilliseconds: 60_000) == []) }
    #expect(bench.pulse() == Self.killed)
  }

  @Test func whoHangsDiesByAccident() {
    var bench = Bench.started()
    bench.give(.noticed(pid: 101, .ready))
    bench.hang(pid: 101)
    // A router counts what it ran then, which it would not after an announced stop.
    #expect(bench.phases == ["ready"])
    let texts = bench.give(.exited(pid: 101, .signal("KILL", "Killed")))
    #expect(
      texts[0]
        == #"worker.exited name=w-1 generation=1 pid=101 signal=KILL why="killed: no sign of life for 3500 ms""#
    )
    #expect(texts[2].hasPrefix("worker.backoff "))
  }

  @Test func whoIsToEndIsGivenItsGrace() {
    var bench = Bench.started(graceMilliseconds: 60_000)
    bench.give(.noticed(pid: 101, .alive))
    bench.give(.stopRequested)
    for _ in 1...100 { #expect(bench.pulse() == []) }
  }

  @Test func aStopDoesNotAnnounceTheEndOfWhoWasKilled() {
    var bench = Bench.started()
    bench.hang(pid: 101)
    #expect(bench.give(.stopRequested) == ["supervisor.stopping"])
    #expect(
      bench.give(.exited(pid: 101, .signal("KILL", "Killed"))).suffix(2) == [
        "supervisor.stopped", "finish",
      ])
  }
}
