import Testing
import Wire

@testable import Broker

@Suite struct BatchTests {
  private typealias Job = (worker: String, request: String, attempt: Attempt)

  /// A broker that knows of statement `quick` that it is quick, and what the worker got that it gave
  /// these requests at once.
  private func batch(
    _ ids: [String], workers: Int = 1, on bench: inout Bench
  ) -> [Job] {
    teach("quick", on: &bench, workers: workers)
    bench.gather { bench in
      for id in ids { bench.query(id) }
    }
    return bench.jobs()
  }

  /// Each worker runs a statement once, which so is known to be quick.
  private func teach(_ text: String, on bench: inout Bench, workers: Int = 1) {
    for number in 1...workers { bench.ready("w-\(number)", dbs: ["a"]) }
    bench.query("\(text)?0")
    answer(bench.jobs()[0], on: &bench)
    _ = bench.answers()
  }

  private func answer(_ job: Job, on bench: inout Bench, run: Int64 = 5) {
    answer([job], on: &bench, run: run)
  }

  private func answer(_ jobs: [Job], on bench: inout Bench, run: Int64 = 5) {
    let results = jobs.map { job in
      (
        AttemptResult(attempt: job.attempt, outcome: .rows(1), runMicroseconds: run),
        "rows of \(job.request)"
      )
    }
    bench.ready(String(jobs[0].worker.prefix { $0 != "/" }), results: results)
  }

  @Test func oneWorkerGetsWhatIsQuickTogether() throws {
    var bench = Bench()
    let jobs = batch(["quick?1", "quick?2", "quick?3"], on: &bench)
    #expect(jobs.map(\.request) == ["quick?1", "quick?2", "quick?3"])
    #expect(Set(jobs.map(\.worker)) == ["w-1/10"])
    answer(jobs, on: &bench)
    #expect(bench.answers().map { $0.line["tries"] } == ["1", "1", "1"])
    #expect(bench.broker.isEmpty)
  }

  @Test func literalsAreAsGoodAsParameters() {
    var bench = Bench()
    #expect(
      batch(["quick=1", "quick=2", "other=3"], on: &bench).map(\.request) == ["quick=1", "quick=2"])
  }

  @Test func whatWaitsIsSharedByTheIdleWorkers() throws {
    var bench = Bench()
    let jobs = batch((1...6).map { "quick?\($0)" }, workers: 3, on: &bench)
    let counts = Dictionary(grouping: jobs, by: \.worker).mapValues(\.count)
    #expect(counts == ["w-1/10": 2, "w-2/10": 2, "w-3/10": 2])
  }

  @Test func aBatchNeverWaitsToFill() throws {
    var bench = Bench()
    teach("quick", on: &bench)
    bench.query("quick?1")
    #expect(bench.jobs().count == 1)
  }

  @Test func whatIsNotKnownRunsAlone() throws {
    var bench = Bench()
    let jobs = batch(["new?1", "quick?1", "quick?2"], on: &bench)
    #expect(jobs.map(\.request) == ["new?1"])
    answer(jobs, on: &bench)
    #expect(bench.jobs().map(\.request) == ["quick?1", "quick?2"])
  }

  @Test func nothingOvertakesWhatRunsAlone() throws {
    var bench = Bench()
    let jobs = batch(["quick?1", "new?1", "quick?2"], on: &bench)
    #expect(jobs.map(\.request) == ["quick?1"])
    answer(jobs, on: &bench)
    #expect(bench.jobs().map(\.request) == ["new?1"])
  }

  @Test func whatHasTurnedOutToBeSlowRunsAlone() throws {
    var bench = Bench()
    let first = batch(["quick?1"], on: &bench)
    for number in 2...4 { bench.query("quick?\(number)") }
    answer(first, on: &bench, run: 20_000)
    #expect(bench.jobs().map(\.request) == ["quick?2"])
  }

  @Test func timesThatCannotBeAreNoHarm() throws {
    var bench = Bench()
    let first = batch(["quick?1"], on: &bench)
    answer(first, on: &bench, run: .min)
    for time in [Int64.max, .min, .max] {
      bench.query("quick?2")
      answer(bench.jobs(), on: &bench, run: time)
    }
    bench.query("quick?3")
    #expect(bench.jobs().count == 1)
  }

  @Test func aBatchIsBoundedInRequestsInBytesAndInTime() throws {
    var bench = Bench()
    let many = batch((1...200).map { "quick?\($0)" }, on: &bench)
    #expect(many.count == Constants.batchRequests)

    bench = Bench()
    teach("quick", on: &bench)
    bench.gather { bench in
      for number in 1...10 { bench.query("quick?\(number)", size: Constants.batchBytes / 2) }
    }
    #expect(bench.jobs().count == 2)

    bench = Bench()
    let first = batch(["quick?1"], on: &bench)
    // So that the average is two fifths of that.
    answer(first, on: &bench, run: 8 * Constants.batchMicroseconds * 2 / 5)
    bench.gather { bench in
      for number in 1...10 { bench.query("quick?\(number)") }
    }
    #expect(bench.jobs().count == 3)
  }

  @Test func clientsTakeTurnsInABatch() throws {
    var bench = Bench()
    teach("quick", on: &bench)
    bench.gather { bench in
      for number in 1...3 { bench.query("quick?\(number)", from: "greedy") }
      bench.query("quick?9", from: "modest")
    }
    #expect(bench.jobs().map(\.request) == ["quick?1", "quick?9", "quick?2", "quick?3"])
  }

  @Test func whatIsGivenBackIsNoTry() throws {
    var bench = Bench()
    let jobs = batch(["quick?1", "quick?2", "quick?3"], on: &bench)
    answer(jobs[0], on: &bench)
    let again = bench.jobs()
    #expect(again.map(\.request) == ["quick?2", "quick?3"])
    #expect(again.map(\.attempt.number) == [2, 2])
    answer(again, on: &bench)
    #expect(bench.answers().map { $0.line["tries"] } == ["1", "1", "1"])
    #expect(!bench.events().contains("request.retried"))
  }

  @Test func theLateAnswerToWhatWasGivenBackIsNotTaken() throws {
    var bench = Bench()
    let jobs = batch(["quick?1", "quick?2"], on: &bench)
    answer(jobs[0], on: &bench)
    let again = bench.jobs()
    // The worker has said that it did not begin it, and now the contrary.
    let results = [jobs[1], again[0]].map {
      (AttemptResult(attempt: $0.attempt, outcome: .rows(1), runMicroseconds: 5), "rows")
    }
    bench.ready("w-1", results: results)
    #expect(bench.answers().count == 2)
    #expect(bench.broker.isEmpty)
  }

  @Test func nobodyWaitsForARequestThatIsSlow() throws {
    var bench = Bench()
    let jobs = batch(["quick?1", "quick?2", "quick?3"], on: &bench)
    bench.ready("w-2", dbs: ["a"])
    bench.overrun("w-1", jobs[1].attempt)
    // What was done before it, and what is behind it, is begun again.
    let again = bench.jobs()
    #expect(again.map(\.request) == ["quick?1", "quick?3"])
    #expect(Set(again.map(\.worker)) == ["w-2/10"])
    answer(again, on: &bench)
    #expect(bench.codes() == ["quick?1": "OK", "quick?3": "OK"])
    answer(Array(jobs[0...1]), on: &bench, run: 50_000)
    #expect(bench.codes() == ["quick?2": "OK"])
    #expect(bench.broker.isEmpty && bench.broker.idle.count == 2)
  }

  @Test func whatASlowOneHadBeforeItCountsWhenItComesAtLast() throws {
    var bench = Bench()
    let jobs = batch(["quick?1", "quick?2"], on: &bench)
    bench.overrun("w-1", jobs[1].attempt)
    answer(jobs, on: &bench, run: 50_000)
    let answers = bench.answers()
    #expect(answers.map(\.request) == ["quick?1", "quick?2"])
    #expect(answers.map { $0.line["tries"] } == ["1", "1"])
    #expect(bench.broker.isEmpty && bench.broker.queue.isEmpty)
  }

  @Test func afterADeathOneByOneIsRunAndOnlyTheGuiltyCharged() throws {
    var bench = Bench()
    let jobs = batch(["quick?1", "quick?2", "quick?3"], on: &bench)
    bench.state([("w-1", 10, .ready)])
    bench.disconnect(worker: "w-1/10")
    var generation: Int64 = 10
    var order: [String] = []
    while !bench.broker.isEmpty && generation < 20 {
      generation += 1
      bench.event("worker.started", "w-1", generation)
      bench.ready("w-1", generation, dbs: ["a"])
      while let job = bench.jobs().first {
        order.append(job.request)
        if job.request == "quick?2" {
          bench.disconnect(worker: job.worker)
          break
        }
        bench.answer("w-1", generation, job.attempt)
      }
    }
    #expect(order == ["quick?1"] + Array(repeating: "quick?2", count: 3) + ["quick?3"])
    #expect(bench.codes() == ["quick?1": "OK", "quick?2": "crashed", "quick?3": "OK"])
    #expect(jobs.count == 3)
  }

  @Test func aReportWithoutAnswersIsNoneOfAWorkerThatHasRequests() throws {
    var bench = Bench()
    _ = batch(["quick?1", "quick?2"], on: &bench)
    bench.state([("w-1", 10, .ready)])
    bench.ready("w-1")
    #expect(bench.told() == ["w-1/10": .bye])
    bench.ready("w-2", dbs: ["a"])
    #expect(try bench.job().request == "quick?1")
  }

  @Test func oneOfABatchCanBeTakenBack() throws {
    var bench = Bench()
    let jobs = batch(["quick?1", "quick?2"], on: &bench)
    bench.cancel("quick?2")
    #expect(bench.codes() == ["quick?2": "cancelled"])
    let cancelled = bench.eventLines().filter { $0.word == EventWord.cancelled }
    #expect(cancelled.map(Attempt.init) == [jobs[1].attempt])
    #expect(bench.broker.abandonments.count == 1)
    answer(jobs, on: &bench)
    #expect(bench.codes() == ["quick?1": "OK"])
    #expect(bench.broker.abandonments.isEmpty)
  }
}
