import Testing
import Toolkit
import Wire

@testable import Worker

@Suite struct ControlTests {
  private static let worker = WorkerIdentity(Member(name: "w", generation: 1))
  private static let router = RouterAddress(workers: "ipc:///w")

  private func hearRouter(_ incarnation: Int64, _ control: Control) {
    control.hear(
      Publication(
        publisher: .router(incarnation), sequence: 1,
        line: Line(Publication.stateWord).with("role", "router").with("workers", "ipc:///w")))
  }

  @Test func theRunnerIsToldOfTheRouterOfFilesAndOfWhatHasFailed() throws {
    let control = try Control(Self.worker, router: Self.router)
    #expect(try control.latest().contact == nil)
    hearRouter(3, control)
    control.note(["a"])
    control.note(["b", "a"])
    let news = try control.latest()
    #expect(news.contact?.router == .router(3))
    #expect(!news.isStopping)
    #expect(news.changed == ["a", "b"])
    #expect(try control.latest().changed.isEmpty)
    control.fail(ToolError("listen", "it broke", .inputOutput))
    #expect(throws: ToolError.self) { try control.latest() }
  }

  /// Returns whether it may be run.
  @discardableResult
  private func begin(_ job: UInt64, isFirst: Bool = true, on control: Control) -> Bool {
    let now = Clock.now()
    return control.begin(
      Assignment(job), from: nil, isFirst: isFirst, deadline: now.adding(milliseconds: 60_000),
      now: now)
  }

  @Test func behindARunThatTakesLongNothingIsBegun() throws {
    let control = try Control(Self.worker, router: Self.router)
    let start = Clock.now()
    control.beginBatch(now: start)
    #expect(begin(1, on: control))
    let end = start.adding(milliseconds: BatchClock.overrunMilliseconds)
    #expect(control.overrunning(now: end)?.attempt.job == 1)
    // It is told once.
    #expect(control.overrunning(now: end) == nil)
    control.end()
    #expect(!begin(2, isFirst: false, on: control))
    control.endBatch()
    #expect(begin(3, on: control))
  }

  @Test func whoIsAskedInTheMiddleOfARunKnowsWhetherItIsWanted() throws {
    let control = try Control(Self.worker, router: Self.router)
    hearRouter(1, control)
    begin(1, on: control)
    #expect(!control.isAbandoned)
    hearRouter(2, control)
    #expect(control.isAbandoned)
    control.end()
    #expect(!control.isAbandoned)
    let (overdue, limit) = control.tick(now: Clock.now().adding(milliseconds: 90_000))
    #expect(overdue == nil)
    #expect(limit == nil)
  }

  @Test func aRouterThatWasLostBeginsAnewAlsoAsTheSameIncarnation() throws {
    let control = try Control(Self.worker, router: Self.router)
    hearRouter(1, control)
    let first = try #require(control.contact)
    begin(1, on: control)
    control.lose(first)
    #expect(control.isAbandoned)
    #expect(try control.latest().contact == nil)
    control.end()
    hearRouter(1, control)
    let second = try #require(control.contact)
    #expect(second.router == first.router && second != first)
    // It was lost by the other connection already.
    control.lose(first)
    #expect(control.contact == second)
    control.loseRouter()
    #expect(try control.latest().contact == nil)
  }

  @Test func aMemoryBudgetHoldsTheEngineTheAnswerAndTheRequest() {
    let mebibyte = 1 << 20
    let budget = MemoryBudget(engineBytes: 256 * mebibyte, answerBytes: 64 * mebibyte)
    #expect(budget.totalBytes() == (256 + 4 * 64 + 8 * 16) * mebibyte)
  }
}
