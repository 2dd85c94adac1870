import Testing
import Wire

@testable import Broker

@Suite struct ShowTests {
  /// What a subject shows, each row under the names of its columns, values as in tsv.
  private func rows(_ bench: inout Bench, _ subject: Show.Subject) -> [[String: String]] {
    let shown = bench.broker.rows(of: Show(id: nil, subject: subject, format: .json), bench.now)
    return shown.rows.map { row in
      Dictionary(uniqueKeysWithValues: zip(shown.columns, row.map(Self.text)))
    }
  }

  private static func text(_ value: Value) -> String {
    switch value {
    case .null: "NULL"
    case .integer(let number): String(number)
    case .text(let bytes): String(decoding: bytes, as: UTF8.self)
    default: "?"
    }
  }

  @Test func whatRunsAndWaitsIsSeen() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("runs?1", from: "x")
    bench.query("waits?1", from: "y", deadline: 500)
    bench.pass(milliseconds: 10)
    let worker = try #require(rows(&bench, .workers).first)
    #expect(worker["worker"] == "w-1" && worker["state"] == "running" && worker["db"] == "a")
    #expect(worker["run_us"] == "10000" && worker["answered"] == "0")
    let queue = rows(&bench, .queue)
    #expect(queue.map { $0["state"] } == ["running", "queued"])
    #expect(queue.map { $0["sql"] } == ["runs", "waits"])
    #expect(queue.map { $0["worker"] } == ["w-1", "NULL"])
    #expect(queue[1]["left_ms"] == "490" && queue[1]["age_us"] == "10000")
    let clients = rows(&bench, .clients)
    #expect(clients.map { $0["requests"] } == ["1", "1"])
    #expect(clients.compactMap { Int($0["running"] ?? "") }.reduce(0, +) == 1)
    bench.cancel("runs?1", from: "x")
    #expect(rows(&bench, .workers).first?["state"] == "abandoning")
  }

  @Test func whatWaitsForItsReaderIsSeen() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("streams", credit: 1)
    let job = try bench.job()
    func states() -> [String?] {
      [rows(&bench, .workers).first?["state"], rows(&bench, .queue).first?["state"]]
    }
    bench.pass(milliseconds: 10)
    bench.chunk("w-1", job.attempt)
    bench.pass(milliseconds: 2000)
    #expect(states() == ["waiting for its reader", "waiting for its reader"])
    #expect(rows(&bench, .workers).first?["run_us"] == "10000")
    bench.credit("streams", 1)
    #expect(states() == ["running", "running"])
  }

  @Test func showingIsAnsweredAtOnceAndDoesNotCountAsARequest() throws {
    var bench = Bench()
    for subject in Show.Subject.allCases where subject != .databases {
      bench.show(subject.rawValue, subject)
      #expect(bench.codes() == [subject.rawValue: "OK"])
      bench.pass(milliseconds: 10)
    }
    #expect(bench.broker.isEmpty)
  }

  @Test func whatIsInsideIsShownAlsoWhenAllElseIsRefused() throws {
    var configuration = Configuration()
    configuration.maxQueuedRequests = 1
    var bench = Bench(configuration)
    bench.ready("w-1", dbs: ["a"])
    for id in ["runs", "waits", "refused"] { bench.query(id) }
    #expect(bench.codes() == ["refused": "busy"])
    bench.show("full", .queue)
    #expect(bench.codes() == ["full": "OK"])
    bench.pass(milliseconds: 10)
    bench.drain()
    bench.show("draining", .queue)
    #expect(bench.codes() == ["draining": "OK"])
  }

  @Test func ofManyTheOldestAreShown() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    for id in 0..<1500 { bench.query("q\(id)", from: "c\(id / 2 * 7 % 750)") }
    let queue = rows(&bench, .queue)
    #expect(queue.map { $0["id"] } == (0..<1000).map { "q\($0)" })
    let clients = rows(&bench, .clients)
    #expect(clients.count == 750 && clients.allSatisfy { $0["requests"] == "2" })
    #expect(clients.map { $0["running"] } == ["1"] + [String](repeating: "0", count: 749))
    #expect(clients.allSatisfy { $0["bytes"] == "20" })
    #expect(rows(&bench, .stats).first { $0["stat"] == "requests" }?["now"] == "1500")
  }

  @Test func aConnectionIsShownOneThingAtATime() throws {
    var bench = Bench()
    for (id, subject) in [("1", Show.Subject.queue), ("2", .stats), ("3", .databases)] {
      bench.show(id, subject)
    }
    #expect(bench.codes() == ["1": "OK", "2": "busy", "3": "busy"])
    bench.show("other", .queue, from: "other")
    bench.pass(milliseconds: 10)
    bench.show("4", .queue)
    #expect(bench.codes() == ["other": "OK", "4": "OK"])
  }

  @Test func whatAnyWorkerCannotUseIsSaid() throws {
    for names in [["w-1", "w-2", "w-3"], ["w-3", "w-2", "w-1"]] {
      var bench = Bench()
      for name in names {
        let errors = ["w-1": ["a": "damaged"], "w-2": ["a": "away"]][name] ?? [:]
        bench.ready(name, dbs: ["a", "b"], errors: errors)
      }
      #expect(rows(&bench, .databases).map { $0["error"] } == ["away", "NULL"])
    }
  }

  @Test func statisticsDoNotCountTheRoutersOwnQuestions() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.look("names")
    bench.ready("w-1")
    #expect(bench.codes() == ["names": "OK"])
    let counted = rows(&bench, .stats).filter { $0["stat"]?.hasPrefix("answers.") ?? false }
    #expect(counted.allSatisfy { $0["total"] == "0" })
  }

  @Test func statisticsCountBatchesOfSeveral() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    bench.query("quick?0")
    bench.answer("w-1", 10, try bench.job().attempt)
    bench.gather { bench in
      for number in 1...5 { bench.query("quick?\(number)") }
    }
    #expect(bench.jobs().count == 5)
    var stats: [String: [String: String]] = [:]
    for row in rows(&bench, .stats) { stats[row["stat"] ?? ""] = row }
    #expect(stats["batches"]?["total"] == "1" && stats["batches"]?["minute"] == "1")
    #expect(stats["batches.requests"]?["total"] == "5")
  }

  @Test func statisticsCountAnswersAndTimes() throws {
    var bench = Bench()
    bench.ready("w-1", dbs: ["a"])
    for run in 1...100 as ClosedRange<Int64> {
      bench.query("q")
      bench.answer("w-1", 10, try bench.job().attempt, run: run * 1000)
    }
    bench.query("wrong")
    bench.answer("w-1", 10, try bench.job().attempt, .failure(Failure(.sql, "no")))
    var stats: [String: [String: String]] = [:]
    for row in rows(&bench, .stats) { stats[row["stat"] ?? ""] = row }
    #expect(stats["answers.ok"]?["total"] == "100" && stats["answers.ok"]?["minute"] == "100")
    #expect(stats["answers.sql"]?["total"] == "1" && stats["answers.busy"]?["total"] == "0")
    let median = try #require(stats["run_us.p50"]?["total"].flatMap { Int($0) })
    #expect((50_000...57_000).contains(median))
    #expect(stats["run_us.max"]?["total"] == "100000")
    // A minute later only the whole still knows of it.
    for _ in 0..<35 { bench.pass(milliseconds: 2000) }
    for row in rows(&bench, .stats) { stats[row["stat"] ?? ""] = row }
    #expect(stats["answers.ok"]?["total"] == "100" && stats["answers.ok"]?["minute"] == "0")
  }
}
