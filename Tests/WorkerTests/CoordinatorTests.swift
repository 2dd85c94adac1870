import Testing
import Wire
import ZeroMQ

@testable import Worker

@Suite struct CoordinatorTests {
  /// Does what needs no answer until something is to be run here, to be waited for, or over.
  private func advance(
    _ coordinator: inout Coordinator, _ passed: inout [UInt8]
  ) -> Coordinator.Step {
    while true {
      let step = coordinator.next()
      switch step {
      case .pass(let part, _): passed += part.withBytes { Array($0) }
      case .offer, .withdraw, .credit, .cancel: break
      case .run, .wait, .end: return step
      }
    }
  }

  private func coordinator(
    _ count: Int, hasRouter: Bool = true, isHere: Bool = true, skipsFailed: Bool = false,
    maxRows: Int? = nil
  ) -> Coordinator {
    Coordinator(
      (0..<count).map { ("db-\($0)", isHere) }, hasRouter: hasRouter, skipsFailed: skipsFailed,
      maxRows: maxRows)
  }

  @Test func withoutARouterAllAreRunHereInOrder() {
    var coordinator = coordinator(40, hasRouter: false)
    var passed: [UInt8] = []
    for expected in 0..<40 {
      guard case .run(expected, isInTurn: true) = advance(&coordinator, &passed) else {
        Issue.record("\(expected) is not run")
        return
      }
      coordinator.passed()
      coordinator.ran(expected, .rows(2), kept: nil, microseconds: 10)
    }
    guard case .end(.rows(80), let summary) = advance(&coordinator, &passed) else {
      Issue.record("it has no end")
      return
    }
    #expect(summary == SetSummary(databases: 40))
  }

  @Test func theFirstIsRunHereWhileOthersAreOffered() {
    var coordinator = coordinator(100)
    var offered: [Int] = []
    while case .offer(let index, false) = coordinator.next() { offered.append(index) }
    #expect(offered == Array(1..<Coordinator.window))
  }

  @Test func whatIsGivenBackIsRunHereAndKeptUntilItsTurn() {
    var coordinator = coordinator(3)
    var passed: [UInt8] = []
    guard case .run(0, isInTurn: true) = advance(&coordinator, &passed) else {
      Issue.record("0 is not run")
      return
    }
    coordinator.passed()
    coordinator.ran(0, .rows(1), kept: nil, microseconds: 5000)
    guard case .wait = advance(&coordinator, &passed) else {
      Issue.record("it does not wait")
      return
    }
    let cancelled = Outcome.failure(Failure(.cancelled, "given back"))
    coordinator.receive(cancelled, .delimiter, chunks: 0, of: 2)
    guard case .run(2, isInTurn: false) = advance(&coordinator, &passed) else {
      Issue.record("2 is not run")
      return
    }
    coordinator.ran(2, .rows(1), kept: .bytes([2]), microseconds: 5000)
    guard case .wait = advance(&coordinator, &passed) else {
      Issue.record("it does not wait for 1")
      return
    }
    #expect(passed == [])
    coordinator.receive(.rows(1), .bytes([1]), chunks: 0, of: 1)
    guard case .end(.rows(3), _) = advance(&coordinator, &passed) else {
      Issue.record("it has no end")
      return
    }
    #expect(passed == [1, 2])
  }

  @Test func aFailureNamesItsDatabaseAndEndsAll() {
    var coordinator = coordinator(3, hasRouter: false)
    var passed: [UInt8] = []
    _ = advance(&coordinator, &passed)
    coordinator.ran(
      0, .failure(Failure(.sql, "no such table", offset: 4)), kept: nil, microseconds: 1)
    guard case .end(.failure(let failure), nil) = advance(&coordinator, &passed) else {
      Issue.record("it goes on")
      return
    }
    #expect(failure == Failure(.sql, "db-0: no such table", offset: 4))
  }

  @Test func failuresAreLeftOutAndCountedWhenAskedFor() {
    var coordinator = coordinator(6, hasRouter: false, skipsFailed: true)
    var passed: [UInt8] = []
    for index in 0..<6 {
      _ = advance(&coordinator, &passed)
      let outcome: Outcome = index == 5 ? .rows(7) : .failure(Failure(.denied, "no \(index)"))
      coordinator.ran(index, outcome, kept: nil, microseconds: 1)
    }
    guard case .end(.rows(7), let summary?) = advance(&coordinator, &passed) else {
      Issue.record("it has no end")
      return
    }
    #expect(summary.databases == 1 && summary.failed == 5 && summary.code == .denied)
    #expect(
      summary.why
        == "db-0: denied: no 0; db-1: denied: no 1; db-2: denied: no 2; and 2 more")
  }

  @Test func whatWasPassedOnIsNotLeftOut() {
    var coordinator = coordinator(2, hasRouter: false, skipsFailed: true)
    var passed: [UInt8] = []
    _ = advance(&coordinator, &passed)
    coordinator.passed()
    coordinator.ran(0, .failure(Failure(.sql, "overflow")), kept: nil, microseconds: 1)
    guard case .end(.failure(let failure), nil) = advance(&coordinator, &passed) else {
      Issue.record("it goes on")
      return
    }
    #expect(failure == Failure(.sql, "db-0: overflow"))
  }

  @Test func whatOnlyOthersHaveIsNeitherRunHereNorAskedBack() {
    var coordinator = coordinator(3, isHere: false)
    var kept: [Bool] = []
    for _ in 0..<3 {
      guard case .offer(_, let isKept) = coordinator.next() else { break }
      kept.append(isKept)
    }
    #expect(kept == [true, true, true])
    guard case .wait = coordinator.next() else {
      Issue.record("it does not wait")
      return
    }
    // Cut off, it is asked for again.
    coordinator.receive(chunk: .bytes([9]), of: 1)
    coordinator.receive(.failure(Failure(.aborted, "cut")), .delimiter, chunks: 1, of: 1)
    coordinator.receive(.rows(0), .delimiter, chunks: 0, of: 0)
    guard case .offer(1, isKept: true) = coordinator.next() else {
      Issue.record("1 is lost")
      return
    }
  }

  @Test func moreRowsThanOneMessageMayHaveAreTooMany() {
    var coordinator = coordinator(2, hasRouter: false, maxRows: 5)
    var passed: [UInt8] = []
    _ = advance(&coordinator, &passed)
    coordinator.ran(0, .rows(6), kept: nil, microseconds: 1)
    guard case .end(.failure(let failure), nil) = advance(&coordinator, &passed) else {
      Issue.record("it goes on")
      return
    }
    #expect(failure.code == .tooLarge)
  }
}
