import Testing
import Wire

@testable import Broker

@Suite struct StreamTests {
  private typealias Job = (worker: String, request: String, attempt: Attempt)

  /// A broker of whose workers the first runs a request with so much credit.
  private func stream(
    credit: Int, workers: Int = 1, deadline: Int? = nil
  ) throws -> (Bench, Job) {
    var bench = Bench()
    bench.state((1...workers).map { ("w-\($0)", 10, .ready) })
    for number in 1...workers { bench.ready("w-\(number)", dbs: ["a"]) }
    bench.query("q", deadline: deadline, credit: credit)
    let job = try bench.job()
    return (bench, job)
  }

  @Test func chunksGoOutAsLongAsThereIsCredit() throws {
    var (bench, job) = try stream(credit: 2)
    bench.chunk("w-1", job.attempt)
    #expect(bench.chunks().map { $0["chunk"] } == ["1"])
    #expect(bench.told() == ["w-1/10": .go])
    bench.chunk("w-1", job.attempt)
    #expect(bench.chunks().map { $0["chunk"] } == ["2"])
    #expect(bench.told().isEmpty)
    bench.credit("q", 1)
    #expect(bench.told() == ["w-1/10": .go])
    bench.answer("w-1", 10, job.attempt)
    let answers = bench.answers()
    #expect(answers.map { $0.line["chunks"] } == ["2"])
    #expect(answers[0].line.word == "OK" && bench.broker.isEmpty)
  }

  @Test func whoMustHaveAnAnswerAsksForTheNextChunk() throws {
    var (bench, job) = try stream(credit: 1)
    bench.chunk("w-1", job.attempt)
    bench.next("q")
    #expect(bench.told() == ["w-1/10": .go])
    #expect(bench.codes().isEmpty)
    bench.answer("w-1", 10, job.attempt)
    #expect(bench.codes() == ["q": "OK"])
    bench.next("q")
    #expect(bench.codes() == ["q": "aborted"])
    // Whoever has answers to all that it sends is not told.
    bench.credit("q", 1)
    #expect(bench.codes().isEmpty)
  }

  @Test func creditIsBounded() throws {
    var (bench, job) = try stream(credit: 1)
    for _ in 0..<100 { bench.credit("q", ClientMessage.maxCredit) }
    for _ in 0..<ClientMessage.maxCredit { bench.chunk("w-1", job.attempt) }
    #expect(bench.chunks().count == ClientMessage.maxCredit)
    #expect(bench.broker.stalled.count == 1)
  }

  @Test func aDeathAfterAChunkBreaksTheResultOff() throws {
    var (bench, job) = try stream(credit: 2)
    bench.chunk("w-1", job.attempt)
    bench.event("worker.exited", "w-1", 10)
    #expect(bench.codes() == ["q": "aborted"])
    // It counts all the same.
    #expect(!bench.broker.quarantine.isEmpty)
  }

  @Test func aDeathWhileItsReaderIsWaitedForIsOnNobodysAccount() throws {
    var (bench, job) = try stream(credit: 1)
    bench.chunk("w-1", job.attempt)
    bench.disconnect(worker: "w-1/10")
    #expect(bench.codes() == ["q": "aborted"])
    #expect(bench.broker.quarantine.isEmpty && bench.broker.casualties.nextEnd == nil)
    #expect(bench.broker.statistics.all.deaths == 0)
  }

  @Test func aDeathAfterItsReaderHasAskedForMoreCounts() throws {
    var (bench, job) = try stream(credit: 1)
    bench.chunk("w-1", job.attempt)
    bench.credit("q", 1)
    bench.disconnect(worker: "w-1/10")
    #expect(bench.codes() == ["q": "aborted"])
    #expect(!bench.broker.quarantine.isEmpty)
  }

  @Test func theTimeThatItsReaderTookIsNoneOfARun() throws {
    var (bench, job) = try stream(credit: 1)
    let statement = try #require(bench.broker.workers.values.first?.runs.first?.statement)
    bench.chunk("w-1", job.attempt)
    bench.pass(milliseconds: 2000)
    bench.credit("q", 1)
    bench.pass(milliseconds: 3)
    bench.disconnect(worker: "w-1/10")
    #expect(statement.microseconds == 3000)
  }

  @Test func aDeathBeforeTheFirstChunkDoesNot() throws {
    var (bench, _) = try stream(credit: 2, workers: 2)
    bench.event("worker.exited", "w-1", 10)
    #expect(try bench.job().worker == "w-2/10")
  }

  @Test func whoTakesItBackEndsTheStatement() throws {
    var (bench, job) = try stream(credit: 1)
    bench.chunk("w-1", job.attempt)
    bench.cancel("q")
    #expect(bench.codes() == ["q": "cancelled"])
    #expect(bench.told() == ["w-1/10": .stop])
    bench.answer("w-1", 10, job.attempt, .failure(Failure(.cancelled, "nobody waits")))
    #expect(bench.broker.isEmpty && bench.broker.idle.count == 1)
  }

  @Test func closingTheConnectionDoesSoToo() throws {
    var (bench, job) = try stream(credit: 2)
    bench.chunk("w-1", job.attempt)
    #expect(bench.told() == ["w-1/10": .go])
    bench.disconnect(client: "client")
    #expect(bench.events() == ["router.joined", "request.cancelled"])
    // The next chunk crosses that.
    bench.chunk("w-1", job.attempt)
    #expect(bench.chunks().count == 1)
    #expect(bench.told() == ["w-1/10": .stop])
  }

  @Test(arguments: [1, 2]) func whatHasNoRoomEndsTheResult(credit: Int) throws {
    var (bench, job) = try stream(credit: 1 + credit)
    bench.chunk("w-1", job.attempt)
    bench.chunk("w-1", job.attempt)
    _ = bench.told()
    bench.unread(job.attempt.job, chunks: 1)
    let answers = bench.answers()
    #expect(answers.map { $0.line["code"] } == ["aborted"])
    #expect(answers.map { $0.line["chunks"] } == ["1"])
    #expect(answers.map { $0.line["retry_ms"] } == [nil])
    if credit == 1 {
      #expect(bench.told() == ["w-1/10": .stop])
    } else {
      #expect(bench.told().isEmpty && bench.events().last == "request.cancelled")
      bench.chunk("w-1", job.attempt)
      #expect(bench.told() == ["w-1/10": .stop])
    }
    #expect(bench.chunks().count == 2)
    bench.answer("w-1", 10, job.attempt, .failure(Failure(.cancelled, "nobody waits")))
    #expect(bench.answers().isEmpty && bench.broker.isEmpty && bench.broker.idle.count == 1)
    // Its end was on its way already.
    bench.unread(job.attempt.job, chunks: 1)
    #expect(bench.answers().isEmpty)
  }

  @Test func aReaderThatTakesNothingIsCutOffSoonWhenOthersWait() throws {
    var (bench, job) = try stream(credit: 1, workers: 2)
    bench.query("busy")
    _ = try bench.job()
    bench.chunk("w-1", job.attempt)
    bench.pass(milliseconds: 5000)
    #expect(bench.codes().isEmpty)
    bench.query("other", from: "other")
    #expect(bench.codes() == ["q": "aborted"])
    #expect(bench.told() == ["w-1/10": .stop])
    bench.answer("w-1", 10, job.attempt, .failure(Failure(.cancelled, "nobody waits")))
    #expect(try bench.job().request == "other")
  }

  @Test func whatAReaderHasSentItselfIsNoReasonToCutItOff() throws {
    var (bench, job) = try stream(credit: 1)
    bench.chunk("w-1", job.attempt)
    bench.query("its own")
    bench.pass(milliseconds: 5000)
    #expect(bench.codes().isEmpty)
    bench.query("another's", from: "other")
    #expect(bench.codes() == ["q": "aborted"])
  }

  @Test func anotherBrokersConnectionHasRequestsOfSeveralClients() throws {
    var bench = Bench()
    for number in 1...2 { bench.ready("w-\(number)", dbs: ["a"]) }
    bench.query("q", from: "there", credit: 1, way: ["there"], whose: "x")
    bench.chunk("w-1", try bench.job().attempt)
    bench.query("busy")
    _ = try bench.job()
    bench.query("its own", from: "there", way: ["there"], whose: "x")
    bench.pass(milliseconds: 5000)
    #expect(bench.codes().isEmpty)
    bench.query("another's", from: "there", way: ["there"], whose: "y")
    #expect(bench.codes() == ["q": "aborted"])
    #expect(bench.told() == ["w-1/10": .stop])
  }

  @Test func noMoreReadersAreCutOffThanOthersWait() throws {
    var (bench, job) = try stream(credit: 1, workers: 3)
    bench.chunk("w-1", job.attempt)
    for number in 2...3 {
      bench.query("q\(number)", from: "reader \(number)", credit: 1)
      bench.chunk("w-\(number)", try bench.job().attempt)
    }
    bench.pass(milliseconds: 5000)
    bench.query("other", from: "other")
    #expect(bench.codes() == ["q": "aborted"])
    // That worker is on its way.
    bench.pass(milliseconds: 5000)
    #expect(bench.codes().isEmpty)
    bench.query("another", from: "other")
    #expect(bench.codes() == ["q2": "aborted"])
    bench.answer("w-1", 10, job.attempt, .failure(Failure(.cancelled, "nobody waits")))
    #expect(try bench.job().request == "other")
    #expect(bench.codes().isEmpty)
  }

  @Test func aReaderHasASecondWhenOthersWait() throws {
    var (bench, job) = try stream(credit: 1, workers: 2)
    bench.query("busy")
    bench.query("other", from: "other")
    _ = bench.jobs()
    bench.chunk("w-1", job.attempt)
    bench.pass(milliseconds: Constants.stallMilliseconds - 1)
    #expect(bench.codes().isEmpty)
    #expect(bench.broker.nextDeadline == bench.now.adding(milliseconds: 1))
    bench.pass(milliseconds: 1)
    #expect(bench.codes() == ["q": "aborted"])
  }

  @Test func theLastWorkerIsNotKeptFromOthers() throws {
    var (bench, job) = try stream(credit: 1)
    bench.chunk("w-1", job.attempt)
    bench.query("other", from: "other")
    bench.pass(milliseconds: Constants.lastStallMilliseconds - 1)
    #expect(bench.codes().isEmpty)
    bench.pass(milliseconds: 1)
    #expect(bench.codes() == ["q": "aborted"])
  }

  @Test func theLastWorkerIsNotKeptFromThoseForWhomItIsToLookForAName() throws {
    var (bench, job) = try stream(credit: 1)
    bench.chunk("w-1", job.attempt)
    bench.query("its own", db: "its", credit: 1)
    bench.show("list", from: "other")
    bench.pass(milliseconds: 5000)
    #expect(bench.codes() == ["list": "OK"])
    bench.query("other", db: "unknown", from: "other")
    #expect(bench.codes() == ["q": "aborted"])
    #expect(bench.told() == ["w-1/10": .stop])
    bench.answer("w-1", 10, job.attempt, .failure(Failure(.cancelled, "nobody waits")))
    #expect(bench.told() == ["w-1/10": .rescan])
    bench.ready("w-1", dbs: ["a", "unknown"])
    #expect(try bench.job().request == "other")
  }

  @Test(arguments: ["other", "client"])
  func theLastWorkerIsNotKeptFromThoseForWhomItIsToLookAtAVersion(watcher: String) throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("watch", from: watcher, deadline: 60_000, ifVersion: "1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged, version: "1")
    bench.query("q", deadline: 60_000, credit: 1)
    let job = try bench.job()
    bench.chunk("w-1", job.attempt)
    bench.pass(milliseconds: Constants.lastStallMilliseconds)
    bench.noteChange(of: "a")
    bench.pass(milliseconds: Constants.stallMilliseconds - 1)
    #expect(bench.codes().isEmpty)
    #expect(bench.broker.nextCut(after: bench.now) == bench.now.adding(milliseconds: 1))
    bench.pass(milliseconds: 1)
    // The reader's own watch is no reason.
    guard watcher != "client" else { return #expect(bench.codes().isEmpty) }
    #expect(bench.codes() == ["q": "aborted"])
    #expect(bench.told() == ["w-1/10": .stop])
    bench.answer("w-1", 10, job.attempt, .failure(Failure(.cancelled, "nobody waits")))
    #expect(bench.told() == ["w-1/10": .check(database: "a")])
  }

  @Test func aWatchAloneCutsNobodyOff() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("watch", from: "other", deadline: 60_000, ifVersion: "1", waits: true)
    bench.answer("w-1", 10, try bench.job().attempt, .unchanged, version: "1")
    bench.query("q", deadline: 60_000, credit: 1)
    bench.chunk("w-1", try bench.job().attempt)
    bench.pass(milliseconds: 5000)
    #expect(bench.codes().isEmpty)
  }

  @Test func aReaderThatLocksADatabaseGivesWayToThoseWhoMayWaitForThat() throws {
    for keepsWritersOut in [false, true] {
      var (bench, job) = try stream(credit: 1, workers: 3)
      bench.chunk("w-1", job.attempt, keepsWritersOut: keepsWritersOut)
      bench.pass(milliseconds: 2000)
      bench.query("locked?")
      #expect(try bench.job().worker == "w-2/10")
      bench.pass(milliseconds: Constants.stallMilliseconds - 1)
      #expect(bench.codes().isEmpty)
      bench.pass(milliseconds: 1)
      #expect(bench.codes() == (keepsWritersOut ? ["q": "aborted"] : [:]))
    }
  }

  @Test func aReaderHasAMinuteWhenNobodyWaits() throws {
    var (bench, job) = try stream(credit: 1, deadline: 600_000)
    bench.chunk("w-1", job.attempt)
    for _ in 0..<(Constants.idleStallMilliseconds / 1000 - 1) {
      bench.pass(milliseconds: 1000)
      bench.state([("w-1", 10, .ready)])
    }
    #expect(bench.codes().isEmpty)
    bench.pass(milliseconds: 1000)
    #expect(bench.codes() == ["q": "aborted"])
  }

  @Test func whoWaitsForAReaderHasNoMoreTimeThanOthers() throws {
    var (bench, job) = try stream(credit: 1, deadline: 500)
    bench.chunk("w-1", job.attempt)
    bench.pass(milliseconds: 500)
    #expect(bench.codes() == ["q": "deadline"])
    #expect(bench.told() == ["w-1/10": .stop])
  }

  @Test func whoseTimeIsOverIsNotWaitedFor() throws {
    // The chunk was on its way at the deadline.
    var (bench, job) = try stream(credit: 1, deadline: 500)
    bench.pass(milliseconds: 501)
    #expect(bench.codes().isEmpty)
    bench.chunk("w-1", job.attempt)
    #expect(bench.codes() == ["q": "deadline"])
    #expect(bench.told() == ["w-1/10": .stop])
  }

  @Test func aChunkGivesTheRestOfABatchBack() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("quick?0", credit: 1)
    bench.answer("w-1", 10, try bench.job().attempt)
    bench.gather { bench in
      for number in 1...3 { bench.query("quick?\(number)", credit: 1) }
    }
    let jobs = bench.jobs()
    #expect(jobs.count == 3)
    _ = bench.answers()
    bench.ready("w-2", dbs: ["a"])
    let first = AttemptResult(attempt: jobs[0].attempt, outcome: .rows(1), runMicroseconds: 5)
    bench.chunk("w-1", jobs[1].attempt, results: [(first, "rows")])
    #expect(bench.codes() == ["quick?1": "OK"])
    #expect(try bench.job() == ("w-2/10", "quick?3", Attempt(job: jobs[2].attempt.job, number: 2)))
  }

  @Test func whatHasLostItsDatabaseBeforeAChunkIsRunByOthers() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("quick?0", credit: 1)
    bench.answer("w-1", 10, try bench.job().attempt)
    bench.gather { bench in
      for number in 1...2 { bench.query("quick?\(number)", credit: 1) }
    }
    let jobs = bench.jobs()
    _ = bench.answers()
    bench.ready("w-2", dbs: ["a"])
    let gone = AttemptResult(
      attempt: jobs[0].attempt, outcome: .failure(Failure(.noSuchDatabase, "it has gone")),
      runMicroseconds: 5)
    bench.chunk("w-1", jobs[1].attempt, results: [(gone, "")])
    #expect(bench.codes().isEmpty)
    #expect(try bench.job().worker == "w-2/10")
  }

  @Test func whatIsNotAskedForInChunksIsNotSentSo() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("q")
    bench.chunk("w-1", try bench.job().attempt)
    #expect(bench.chunks().isEmpty)
    #expect(bench.told() == ["w-1/10": .stop])
  }
}
