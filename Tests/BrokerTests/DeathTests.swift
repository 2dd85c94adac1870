import Testing
import Wire

@testable import Broker

@Suite struct DeathTests {
  /// Two workers of a supervisor; the first has the request.
  private func running() throws -> (bench: Bench, attempt: Attempt) {
    var bench = Bench()
    bench.state([("w-1", 10, .ready), ("w-2", 11, .ready)])
    bench.ready("w-1", 10, dbs: ["a"])
    bench.ready("w-2", 11, dbs: ["a"])
    bench.query("q")
    let job = try bench.job()
    #expect(job.worker == "w-1/10")
    return (bench, job.attempt)
  }

  @Test func theRequestOfADeadWorkerIsRetriedAtTheFront() throws {
    var bench = Bench()
    bench.ready("w-1", 10, dbs: ["a"])
    bench.ready("w-2", 11, dbs: ["a"])
    bench.query("first")
    bench.query("second")
    bench.query("waiting")
    let jobs = bench.jobs()
    #expect(jobs.map(\.request) == ["first", "second"])
    bench.event("worker.exited", "w-1", 10)
    bench.answer("w-2", 11, jobs[1].attempt)
    let retried = try bench.job()
    #expect(retried.request == "first" && retried.attempt.number == 2)
    bench.answer("w-2", 11, retried.attempt)
    let answers = bench.answers()
    #expect(answers.map(\.request) == ["second", "first"])
    #expect(answers[1].line["tries"] == "2")
    #expect(bench.events().contains("request.retried"))
  }

  @Test func aLateExitOfAnOldGenerationHarmsNobody() throws {
    var (bench, attempt) = try running()
    bench.event("worker.exited", "w-1", 9)
    bench.event("worker.started", "w-1", 9)
    bench.event("worker.stopping", "w-1", 9)
    #expect(bench.jobs().isEmpty)
    bench.answer("w-1", 10, attempt)
    #expect(bench.codes() == ["q": "OK"])
  }

  @Test func aNewGenerationReplacesTheOldBeforeItsExitIsKnown() throws {
    var (bench, attempt) = try running()
    bench.ready("w-1", 12, dbs: ["a"])
    let retried = try bench.job()
    #expect(retried.request == "q" && retried.attempt.number == 2)
    // The old one's late answer and exit come after all.
    bench.answer("w-1", 10, attempt)
    bench.event("worker.exited", "w-1", 10)
    #expect(bench.answers().isEmpty && bench.jobs().isEmpty)
    bench.answer(
      String(retried.worker.prefix(3)), retried.worker == "w-2/11" ? 11 : 12,
      retried.attempt)
    #expect(bench.codes() == ["q": "OK"])
  }

  @Test func aStartWithoutAnExitIsADeathToo() throws {
    var (bench, _) = try running()
    bench.event("worker.started", "w-1", 12)
    #expect(try bench.job().worker == "w-2/11")
    #expect(bench.broker.requests.values.first?.deaths == 1)
  }

  @Test func theStateTellsOfADeathWhoseEventWasLost() throws {
    var (bench, _) = try running()
    bench.state([("w-1", 10, .backoff), ("w-2", 11, .ready)])
    #expect(try bench.job().worker == "w-2/11")
  }

  @Test func aReadyOfADeadGenerationIsRefused() throws {
    var bench = Bench()
    bench.event("worker.exited", "w-1", 10)
    bench.ready("w-1", 10, dbs: ["a"])
    #expect(bench.told() == ["w-1/10": .bye])
    bench.query("q")
    #expect(bench.jobs().isEmpty)
  }

  @Test func aDyingWorkersAnswerCountsWhileTheAttemptIsCurrent() throws {
    var bench = Bench()
    bench.ready("w-1", 10, dbs: ["a"])
    bench.query("q")
    let job = try bench.job()
    bench.event("worker.exited", "w-1", 10)
    bench.answer("w-1", 10, job.attempt)
    #expect(bench.codes() == ["q": "OK"])
    #expect(bench.broker.isEmpty)
  }

  @Test func anAnswerToAnEarlierAttemptDoesNotCount() throws {
    var (bench, attempt) = try running()
    bench.event("worker.exited", "w-1", 10)
    let retried = try bench.job()
    bench.answer("w-1", 10, attempt)
    #expect(bench.answers().isEmpty)
    bench.answer("w-2", 11, retried.attempt)
    #expect(bench.codes() == ["q": "OK"])
  }

  @Test func afterNDeathsTheAnswerIsCrashed() throws {
    var bench = Bench()
    bench.query("q", db: "a")
    #expect(bench.codes() == ["q": "no-such-database"])
    var generation: Int64 = 10
    bench.ready("w-1", generation, dbs: ["a"])
    bench.query("q")
    for death in 1...3 {
      #expect(try bench.job().attempt.number == death)
      bench.event("worker.exited", "w-1", generation)
      generation += 1
      if death < 3 { bench.ready("w-1", generation, dbs: ["a"]) }
    }
    let answer = try #require(bench.answers().first)
    #expect(answer.line["code"] == "crashed" && answer.line["tries"] == "3")
    #expect(bench.events().contains("request.crashed"))
    #expect(bench.broker.isEmpty)
  }

  @Test func aDeathAfterAnAnnouncedStopIsNotCounted() throws {
    var (bench, _) = try running()
    bench.event("worker.stopping", "w-1", 10)
    bench.event("worker.exited", "w-1", 10)
    #expect(try bench.job().worker == "w-2/11")
    #expect(bench.broker.requests.values.first?.deaths == 0)
  }

  @Test func norIsItWhenOnlyItsSuccessorTellsOfIt() throws {
    var (bench, _) = try running()
    bench.event("worker.stopping", "w-1", 10)
    bench.ready("w-1", 12, dbs: ["a"])
    #expect(try bench.job().request == "q")
    #expect(bench.broker.requests.values.first?.deaths == 0)
  }

  @Test func anIdleWorkerThatIsStoppedGetsItsBye() throws {
    var (bench, _) = try running()
    bench.event("worker.stopping", "w-2", 11)
    #expect(bench.told() == ["w-2/11": .bye])
  }

  @Test func aSupervisorsNewIncarnationMeansThatItsWorkersAreGone() throws {
    var (bench, _) = try running()
    bench.ready("by-hand", 1, dbs: ["a"], supervisor: nil)
    bench.state([("w-1", 21, .started), ("w-2", 22, .started)], incarnation: 20)
    // The request waits no longer: somebody else has the database.
    #expect(try bench.job().worker == "by-hand/1")
    #expect(bench.broker.workers.count == 1)
    // What the earlier one says now is no news.
    bench.state([("w-1", 10, .ready), ("w-2", 11, .ready)], incarnation: 1)
    bench.ready("w-1", 21, dbs: ["a"])
    #expect(bench.broker.workers.count == 2)
  }

  @Test func aSecondSupervisorOfANameIsRefusedAndThatIsSaid() throws {
    var (bench, attempt) = try running()
    _ = bench.events()
    let mine: [(String, Int64, Phase)] = [("w-1", 10, .ready), ("w-2", 11, .ready)]
    bench.state(mine, incarnation: 5)
    for second in 0...8 {
      bench.state([("w-1", 3, .ready), ("w-2", 4, .exited)], incarnation: 2)
      // At first those may be an earlier one's last words.
      #expect(bench.events().contains("router.rejected") == (second > 0 && second % 4 == 0))
      bench.pass(milliseconds: 1000)
      bench.state(mine, incarnation: 5)
    }
    bench.answer("w-1", 10, attempt)
    #expect(bench.codes() == ["q": "OK"])
    #expect(bench.broker.workers.count == 2)
  }

  @Test func silenceOfASupervisorIsTheEndOfItsWorkers() throws {
    var (bench, _) = try running()
    for _ in 0..<4 {
      bench.pass(milliseconds: 1000)
    }
    #expect(bench.broker.workers.isEmpty)
    // They are expected back, as it may be started again.
    #expect(bench.codes().isEmpty)
    for _ in 0..<10 { bench.pass(milliseconds: 1000) }
    #expect(bench.broker.supervisors.isEmpty)
    #expect(bench.codes() == ["q": "no-such-database"])
  }

  @Test func whatASupervisorHadThatHasEndedIsNotExpectedForLong() throws {
    var (bench, _) = try running()
    bench.event("supervisor.stopped", "w-1", 10)
    for _ in 0..<4 { bench.pass(milliseconds: 1000) }
    #expect(bench.broker.supervisors.isEmpty)
    #expect(bench.codes() == ["q": "no-such-database"])
  }

  @Test(arguments: [2, 20] as [Int64])
  func whatASilentSupervisorsWorkersHadIsWaitedFor(incarnation: Int64) throws {
    var (bench, _) = try running()
    for _ in 0..<8 { bench.pass(milliseconds: 1000) }
    // Numbers begin anew where the file that keeps them was lost.
    bench.state([("w-1", incarnation + 1, .started)], incarnation: incarnation)
    bench.pass(milliseconds: 5000)
    #expect(bench.codes().isEmpty)
    bench.state([("w-1", incarnation + 1, .started)], incarnation: incarnation)
    bench.ready("w-1", incarnation + 1, dbs: ["a"])
    #expect(try bench.job().worker == "w-1/\(incarnation + 1)")
  }

  @Test func silenceIsNoticedAlsoWhenNothingElseHappens() throws {
    var (bench, _) = try running()
    bench.ready("other", 1, dbs: ["a"], supervisor: nil)
    let start = bench.now
    // As the loop does: it sleeps until the broker wants to be woken.
    while bench.broker.workers.count > 1, bench.now < start.adding(milliseconds: 6000) {
      let due = try #require(bench.broker.nextDeadline)
      bench.pass(milliseconds: due.millisecondsUp(since: bench.now))
    }
    #expect(bench.now < start.adding(milliseconds: 4600))
    #expect(try bench.job().worker == "other/1")
  }

  @Test func anIdleWorkerThatIsLostAndLivesIsToldToEnd() throws {
    var (bench, _) = try running()
    for _ in 0..<4 { bench.pass(milliseconds: 1000) }
    #expect(bench.told()["w-2/11"] == .bye)
  }

  @Test func aWorkerThatIsNotUnderstoodEndsAndItsRequestIsRetried() throws {
    var (bench, _) = try running()
    bench.broker.misunderstood(Bench.peer("w-1/10"), why: "nonsense", now: bench.now)
    bench.pass(milliseconds: 0)
    #expect(bench.told()["w-1/10"] == .bye)
    #expect(try bench.job().worker == "w-2/11")
    #expect(bench.broker.requests.values.first?.deaths == 1)
  }

  @Test func aSupervisorThatSpeaksIsNotSilent() throws {
    var (bench, _) = try running()
    for _ in 0..<10 {
      bench.pass(milliseconds: 1000)
      bench.state([("w-1", 10, .ready), ("w-2", 11, .ready)])
    }
    #expect(bench.broker.workers.count == 2)
  }

  @Test func ownSleepIsNotTheirSilence() throws {
    var (bench, _) = try running()
    bench.pass(milliseconds: 10_000)
    #expect(bench.broker.workers.count == 2)
  }

  @Test func requestsWaitForWorkersThatAreExpectedBack() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-1", 10, dbs: ["a"])
    bench.event("worker.exited", "w-1", 10)
    bench.query("q")
    #expect(bench.answers().isEmpty)
    bench.state([("w-1", 10, .backoff)])
    bench.ready("w-1", 12, dbs: ["a"])
    #expect(try bench.job().request == "q")
  }

  @Test func aSocketMadeAnewReplacesTheOldOne() throws {
    var (bench, _) = try running()
    bench.ready("w-1", 10, dbs: ["a"], on: "again")
    let job = try bench.job()
    #expect(job.request == "q" && job.attempt.number == 2)
    #expect(bench.broker.requests.values.first?.deaths == 0)
    #expect(bench.broker.workers.count == 2)
  }

  @Test func aWorkerThatSaysThatItIsReadyAfterItWasToldToEndIsEndingAllTheSame() throws {
    var (bench, attempt) = try running()
    bench.event("worker.stopping", "w-1", 10)
    bench.event("worker.ready", "w-1", 10)
    bench.event("worker.exited", "w-1", 10)
    let retried = try bench.job()
    #expect(retried.attempt.number == attempt.number + 1)
    #expect(bench.broker.requests.values.map(\.deaths) == [0])
  }

  @Test func aWorkerThatWasGivenUpAndLivesEnds() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-1", 10, dbs: ["a"])
    bench.query("q", deadline: 60_000)
    let job = try bench.job()
    for _ in 0..<2 { bench.pass(milliseconds: 2000) }
    #expect(bench.events().contains("router.lost"))
    // Its answer counts. That it has the database it told once, and would not tell again.
    bench.answer("w-1", 10, job.attempt)
    #expect(bench.told() == ["w-1/10": .bye])
    #expect(bench.broker.workers.isEmpty)
  }

  @Test func aWorkerThatComesAfterItsSupervisorHasDroppedItIsLostWithItsConnection() throws {
    var bench = Bench()
    bench.state([("w-1", 10, .ready), ("w-2", 11, .ready)])
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-2", 11, dbs: ["a"])
    bench.query("q")
    #expect(try bench.job().worker == "w-2/11")
    bench.disconnect(worker: "w-2/11")
    #expect(bench.broker.workers.isEmpty)
  }
}
