import Testing
import Wire

@testable import Broker

/// A router has died, and another one is bound where it was. Its workers live on: what they had to say
/// to the first one may reach the second, through connections that libzmq has made anew.
@Suite struct SuccessorTests {
  /// A router that has given its worker three requests at once, after one.
  private func attempts(of bench: inout Bench) -> [Attempt] {
    for name in ["w-1", "w-2"] { bench.ready(name, dbs: ["a"]) }
    bench.query("quick?0")
    for job in bench.jobs() { bench.answer("w-1", 10, job.attempt) }
    bench.gather { bench in
      for number in 1...6 { bench.query("quick?\(number)") }
    }
    _ = bench.answers()
    return bench.jobs().map(\.attempt)
  }

  /// The attempts of a router, and of its successor a moment later, which has been given the same.
  private func succession() -> (bench: Bench, former: [Attempt], own: [Attempt]) {
    var bench = Bench()
    let former = attempts(of: &bench)
    bench.restart()
    let own = attempts(of: &bench)
    return (bench, former, own)
  }

  @Test func anOverrunOfTheFirstOnesTakesNothingFromTheSecondOnes() {
    var (bench, former, own) = succession()
    #expect(former.count == 6 && own.count == 6)
    for attempt in former {
      for worker in ["w-1", "w-2"] { bench.overrun(worker, attempt) }
    }
    #expect(bench.broker.workers.values.map(\.runs.count) == [3, 3])
    #expect(bench.broker.queue.count == 0)
  }

  @Test func anAnswerToTheFirstOneIsNoneToTheSecond() {
    var (bench, former, _) = succession()
    // The connection that is made anew has said nothing yet.
    for attempt in former {
      let result = AttemptResult(attempt: attempt, outcome: .rows(1), runMicroseconds: 5)
      bench.ready("w-3", results: [(result, "rows of the first one")], on: "anew")
    }
    #expect(bench.codes().isEmpty)
    #expect(bench.told() == ["anew": .bye])
  }
}
