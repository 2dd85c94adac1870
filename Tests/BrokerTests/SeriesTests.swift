import Testing
import Wire

@testable import Broker

/// Series: one request as long as nothing happens to any of those that it is.
@Suite struct SeriesTests {
  private typealias Job = (worker: String, request: String, attempt: Attempt)

  /// A broker with workers that knows that `quick` is so.
  private func bench(
    workers: Int = 1, _ configuration: Configuration = Configuration()
  ) -> Bench {
    var bench = Bench(configuration)
    for number in 1...workers { bench.ready("w-\(number)", dbs: ["a"]) }
    bench.query("quick?0")
    for job in bench.jobs() { bench.answer(name(job.worker), 10, job.attempt) }
    _ = bench.answers()
    return bench
  }

  private func name(_ worker: String) -> String { String(worker.prefix { $0 != "/" }) }

  /// A worker answers so many of a series.
  private func answer(
    _ job: Job, each: Int, rows: Int? = nil, run: Int64 = 5, on bench: inout Bench
  ) {
    let result = AttemptResult(
      attempt: job.attempt, outcome: .rows(rows ?? each), version: "v1", runMicroseconds: run,
      each: each)
    bench.ready(name(job.worker), results: [(result, "rows")])
  }

  private func ids(_ lines: [(request: String, line: Line)]) -> [String] {
    lines.map {
      "\($0.line["code"] ?? $0.line.word) \($0.line["id"] ?? "-") \($0.line["each"] ?? "-")"
    }
  }

  @Test func whatIsQuickIsRunAndAnsweredAsOne() throws {
    var bench = bench()
    bench.series(10, 4)
    let job = try bench.job()
    #expect(job.request == "quick?10,11,12,13")
    answer(job, each: 4, on: &bench)
    let answers = bench.answers()
    #expect(ids(answers) == ["OK 10 4"])
    #expect(answers[0].line["rows"] == "4")
    #expect(answers[0].line["version"] == "v1")
    #expect(bench.broker.isEmpty)
    #expect(bench.broker.statistics.all.answers.ok == 5)
  }

  @Test func theWorkerIsToldHowManyThereAre() throws {
    var bench = bench()
    bench.series(10, 4)
    let jobs = bench.take { effect -> Job? in
      guard case .run(_, let orders) = effect else { return nil }
      #expect(orders.map(\.job.each) == [4])
      #expect(orders.map(\.job.chunkBytes) == [nil])
      return ("", "", orders[0].job.attempt)
    }
    #expect(jobs.count == 1)
  }

  @Test func whatIsNotKnownToBeQuickIsSingleRequests() throws {
    var bench = bench(workers: 3)
    bench.series(10, 3, "new")
    let jobs = bench.jobs()
    #expect(jobs.map(\.request) == ["new?10", "new?11", "new?12"])
    #expect(Set(jobs.map(\.worker)).count == 3)
    for job in jobs { bench.answer(name(job.worker), 10, job.attempt) }
    #expect(ids(bench.answers()) == ["OK 10 -", "OK 11 -", "OK 12 -"])
  }

  @Test func ofWhatTakesLongerFewerAreRunAsOne() throws {
    var bench = bench()
    bench.query("medium?0")
    bench.answer("w-1", 10, try bench.job().attempt, run: 300)
    _ = bench.answers()
    bench.series(10, 8, "medium")
    var requests: [String] = []
    while !bench.broker.isEmpty {
      let jobs = bench.jobs()
      requests += jobs.map(\.request)
      let results = jobs.map {
        let each = $0.request.count { $0 == "," } + 1
        return (
          AttemptResult(
            attempt: $0.attempt, outcome: .rows(each), runMicroseconds: Int64(300 * each),
            each: each), "rows"
        )
      }
      bench.ready("w-1", results: results)
    }
    // Three take less than a millisecond; of eight, no piece need be much smaller than others.
    #expect(requests == ["medium?10,11,12", "medium?13,14,15", "medium?16,17"])
    #expect(ids(bench.answers()) == ["OK 10 3", "OK 13 3", "OK 16 2"])
    #expect(bench.broker.statistics.all.answers.ok == 10)
  }

  @Test func whatHasBecomeSlowerMeanwhileIsDividedWhenItIsItsTurn() throws {
    var bench = bench(workers: 2)
    bench.gather { bench in
      for number in 1...2 { bench.query("quick?\(number)") }
    }
    let jobs = bench.jobs()
    bench.series(10, 60)
    // On average each takes 54 µs now.
    bench.answer(name(jobs[0].worker), 10, jobs[0].attempt, run: 400)
    let pieces = bench.jobs()
    #expect(pieces.first?.request == "quick?" + (10..<25).map(String.init).joined(separator: ","))
  }

  @Test func whatWasNotReachedIsSingleRequests() throws {
    var bench = bench()
    bench.series(10, 4)
    answer(try bench.job(), each: 2, on: &bench)
    #expect(ids(bench.answers()) == ["OK 10 2"])
    let jobs = bench.jobs()
    #expect(jobs.map(\.request) == ["quick?12", "quick?13"])
    bench.ready(
      "w-1",
      results: jobs.map {
        (AttemptResult(attempt: $0.attempt, outcome: .rows(1), runMicroseconds: 5), "rows")
      })
    let answers = bench.answers()
    #expect(ids(answers) == ["OK 12 -", "OK 13 -"])
    #expect(answers.map { $0.line["tries"] } == ["1", "1"])
    #expect(bench.broker.isEmpty)
  }

  @Test(arguments: [0, nil] as [Int?])
  func ofWhichNoneHasRowsNoneIsAnswered(each: Int?) throws {
    var bench = bench()
    bench.series(10, 2)
    let job = try bench.job()
    let result = AttemptResult(
      attempt: job.attempt, outcome: .rows(0), runMicroseconds: 5, each: each)
    bench.ready("w-1", results: [(result, "")])
    #expect(bench.answers().isEmpty)
    #expect(bench.jobs().map(\.request) == ["quick?10", "quick?11"])
  }

  @Test func aWorkerThatSaysMoreThanThereIsAnswersWhatThereIs() throws {
    var bench = bench()
    bench.series(10, 2)
    answer(try bench.job(), each: 1000, on: &bench)
    #expect(ids(bench.answers()) == ["OK 10 2"])
    #expect(bench.broker.isEmpty)
  }

  @Test func aDeathMakesEachOfThemASuspectThatRunsAlone() throws {
    var bench = bench()
    bench.series(10, 3)
    _ = bench.jobs()
    bench.gather { bench in
      bench.disconnect(worker: "w-1/10")
      bench.ready("w-1", 11, dbs: ["a"])
    }
    for (number, id) in (10...12).enumerated() {
      let job = try bench.job()
      #expect(job.request == "quick?\(id)")
      #expect(bench.broker.requests.count == 3 - number)
      bench.answer("w-1", 11, job.attempt)
      #expect(bench.answers().map { $0.line["tries"] } == ["2"])
    }
  }

  @Test func oneThatKillsIsFoundAndTheOthersAreAnswered() throws {
    var bench = bench()
    bench.series(10, 3)
    var generation: Int64 = 10
    var codes: [String: String] = [:]
    for _ in 0..<10 where codes.count < 3 {
      for job in bench.jobs() {
        if job.request.contains("11") {
          generation += 1
          bench.gather { bench in
            bench.disconnect(worker: job.worker)
            bench.ready("w-1", generation, dbs: ["a"])
          }
        } else {
          bench.answer("w-1", generation, job.attempt)
        }
        for (request, line) in bench.answers() { codes[request] = line["code"] ?? line.word }
      }
    }
    #expect(codes == ["quick?10": "OK", "quick?11": "crashed", "quick?12": "OK"])
  }

  @Test func asLongAsAnybodyIsSuspectedThereAreNoSeries() throws {
    var bench = bench(workers: 2)
    bench.query("other")
    let job = try bench.job()
    bench.disconnect(worker: job.worker)
    bench.series(20, 2)
    #expect(!bench.jobs().map(\.request).contains { $0.contains(",") })
  }

  @Test func peersAreHandedSingleOnes() throws {
    var bench = Bench(peers: 1)
    bench.ready("w-1", dbs: ["a"])
    bench.query("quick?0")
    bench.answer("w-1", 10, try bench.job().attempt)
    _ = bench.answers()
    bench.series(10, 3)
    #expect(try bench.job().request == "quick?10,11,12")
    // The only worker is busy, and has enough to do: the peer's worker gets as many as it may have.
    let first = 1000
    for number in 0...8 { bench.series(first + 64 * number, 64) }
    bench.capacity(dbs: ["a"])
    let handed = bench.handed()
    #expect(handed.map(\.request) == (first..<first + handed.count).map { "quick?\($0)" })
    #expect(handed.count == Constants.handedPerWorker)
    #expect(handed.allSatisfy { $0.query.each == nil && $0.query.way == ["here"] })
    for handover in handed { bench.peerAnswers(handover.attempt) }
    #expect(ids(bench.answers()) == (first..<first + handed.count).map { "OK \($0) -" })
  }

  @Test func anotherBrokerIsToldHowManyThereAre() throws {
    var configuration = Configuration()
    configuration.broker = "here"
    var bench = bench(configuration)
    bench.series(10, 30)
    bench.series(50, 20)
    bench.question(from: "there")
    #expect(try bench.offers().map(\.capacity.others) == [50])
  }

  @Test func oneAnswerSaysWhyNoneWasTaken() throws {
    var bench = bench()
    bench.drain()
    bench.series(10, 3)
    #expect(ids(bench.answers()) == ["draining 10 3"])
  }

  @Test func theBoundsCountEachOfThem() throws {
    var configuration = Configuration()
    configuration.maxRequestsInFlight = 5
    var bench = bench(configuration)
    bench.series(10, 5)
    bench.series(20, 1)
    #expect(ids(bench.answers()) == ["busy 20 1"])

    configuration = Configuration()
    configuration.maxQueuedRequests = 16
    bench = self.bench(configuration)
    bench.query("holds the worker")
    for first in [10, 20] { bench.series(first, 4, from: "\(first)") }
    #expect(bench.broker.queue.count == 8)
    for first in [30, 40, 50] { bench.series(first, 4, from: "\(first)") }
    #expect(ids(bench.answers()) == ["busy 50 4"])

    // One of a client does no harm, however small the bounds are.
    configuration.maxQueuedRequests = 2
    configuration.maxRequestsInFlight = 2
    bench = self.bench(configuration)
    bench.query("holds the worker")
    bench.series(10, 4, from: "10")
    bench.series(20, 4, from: "10")
    #expect(ids(bench.answers()) == ["busy 20 4"])
  }

  @Test func ofWhatWaitsForItsDatabaseEachCountsToo() throws {
    var bench = bench()
    bench.gather { bench in bench.series(10, 4, db: "elsewhere") }
    #expect(bench.broker.unresolved.count == 4)
    bench.cancel("10")
    #expect(bench.broker.unresolved.count == 0)
    #expect(ids(bench.answers()) == ["cancelled 10 4"])
  }

  @Test func oneAnswerSaysThatTheirTimeIsOver() throws {
    var bench = bench()
    bench.query("holds the worker")
    bench.series(10, 3, deadline: 100)
    bench.pass(milliseconds: 101)
    #expect(ids(bench.answers()) == ["deadline 10 3"])
  }

  @Test func theFirstIdCancelsAllOfThem() throws {
    var bench = bench()
    bench.query("holds the worker")
    bench.series(10, 3)
    bench.cancel("11")
    #expect(bench.answers().isEmpty)
    bench.cancel("10")
    #expect(ids(bench.answers()) == ["cancelled 10 3"])
  }

  @Test func whatOneOfThemHoldsUpGoesToOthers() throws {
    var bench = bench(workers: 2)
    bench.gather { bench in
      bench.series(10, 2)
      bench.query("quick?1")
    }
    let jobs = bench.jobs()
    #expect(jobs.count == 2)
    let series = try #require(jobs.first { $0.request.contains(",") })
    let other = try #require(jobs.first { !$0.request.contains(",") })
    bench.answer(name(other.worker), 10, other.attempt)
    _ = bench.answers()
    bench.pass(milliseconds: 10)
    bench.overrun(name(series.worker), series.attempt)
    // Nobody can tell which one it is: the worker is to break it off, and each is run elsewhere.
    #expect(bench.eventLines().contains { $0.word == EventWord.cancelled })
    let again = bench.jobs()
    #expect(again.map(\.worker) == [other.worker])
    #expect(again.map(\.request) == ["quick?10"])
    // What comes of it there is late.
    answer(series, each: 2, run: 20_000, on: &bench)
    #expect(bench.answers().isEmpty)
    #expect(bench.jobs().map(\.request) == ["quick?11"])
    bench.answer(name(other.worker), 10, again[0].attempt)
    let answers = bench.answers()
    #expect(ids(answers) == ["OK 10 -"])
    #expect(answers[0].line["tries"] == "1")
  }

  @Test func whatIsGivenBackComesBeforeWhatCameLater() throws {
    var bench = bench()
    bench.series(10, 4)
    let job = try bench.job()
    for id in 50...52 { bench.query("quick?\(id)") }
    answer(job, each: 1, on: &bench)
    _ = bench.answers()
    #expect(
      bench.jobs().map(\.request)
        == ["quick?11", "quick?12", "quick?13", "quick?50", "quick?51", "quick?52"])
  }

  @Test func aBatchCountsAndTimesEachOfThem() throws {
    var bench = bench(workers: 1)
    bench.query("holds the worker")
    let holder = try bench.job()
    for first in 1...10 { bench.series(first * 100, 32) }
    bench.answer(name(holder.worker), 10, holder.attempt)
    #expect(bench.jobs().count == Constants.batchRequests / 32)
  }

  // MARK: Whatever happens

  /// Series and single requests of several clients, and workers that answer some of them, all of them or
  /// none, die, are held up, and come again: each request gets exactly one final answer.
  @Test func eachHasExactlyOneAnswer() throws {
    for seed in 0..<400 { try SeriesWorld(seed: UInt64(seed)).run() }
  }
}
