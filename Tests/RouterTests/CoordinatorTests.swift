import Testing
import Wire
import ZeroMQ

@testable import Router

@Suite struct CoordinatorTests {
  /// Does what needs no answer until one is to be waited for, or all is over; returns what was asked.
  private func advance(
    _ coordinator: inout Coordinator, ahead: Int = Coordinator.window, _ passed: inout [UInt8]
  ) -> (asked: [(index: Int, serial: Int, credit: Int)], end: (Outcome, SetSummary?)?) {
    var asked: [(Int, Int, Int)] = []
    while true {
      switch coordinator.next(ahead: ahead) {
      case .ask(let index, let serial, let credit): asked.append((index, serial, credit))
      case .pass(let part, _): passed += part.withBytes { Array($0) }
      case .grant, .cancel: break
      case .wait: return (asked, nil)
      case .end(let outcome, let summary): return (asked, (outcome, summary))
      }
    }
  }

  private func coordinator(_ count: Int, skipsFailed: Bool = false) -> Coordinator {
    Coordinator((0..<count).map { "db-\($0)" }, skipsFailed: skipsFailed)
  }

  @Test func aWindowIsAskedAndPassedOnInOrder() {
    var coordinator = coordinator(40)
    var passed: [UInt8] = []
    let first = advance(&coordinator, &passed).asked
    #expect(first.map(\.index) == Array(0..<Coordinator.window))
    #expect(first.map(\.credit) == [2] + Array(repeating: 1, count: Coordinator.window - 1))
    for one in first.reversed() {
      coordinator.receive(
        .rows(1), .bytes([UInt8(one.index)]), chunks: 0, of: one.index, serial: one.serial)
    }
    #expect(coordinator.keptBytes == Coordinator.window)
    let second = advance(&coordinator, &passed)
    #expect(passed == (0..<16).map { UInt8($0) } && coordinator.keptBytes == 0)
    #expect(second.asked.map(\.index) == Array(16..<32))
  }

  @Test func nothingIsAskedAheadWhenThereIsNoRoom() {
    var coordinator = coordinator(3)
    var passed: [UInt8] = []
    #expect(advance(&coordinator, ahead: 0, &passed).asked.map(\.index) == [0])
    coordinator.receive(.rows(0), .delimiter, chunks: 0, of: 0, serial: 1)
    #expect(advance(&coordinator, ahead: 0, &passed).asked.map(\.index) == [1])
  }

  @Test func whatIsLetGoIsAskedAgainInItsTurn() {
    var coordinator = coordinator(2)
    var passed: [UInt8] = []
    let first = advance(&coordinator, &passed).asked
    #expect(coordinator.areSmall)
    coordinator.receive(chunk: .bytes([1, 1]), of: 1, serial: first[1].serial)
    #expect(!coordinator.areSmall && coordinator.keptBytes == 2 && coordinator.openAhead == 1)
    #expect(coordinator.letGo() == [first[1].serial])
    #expect(coordinator.keptBytes == 0 && coordinator.open == [first[0].serial])
    // What comes of it all the same is nobody's.
    coordinator.receive(chunk: .bytes([7]), of: 1, serial: first[1].serial)
    coordinator.receive(.rows(1), .bytes([0]), chunks: 0, of: 0, serial: first[0].serial)
    let second = advance(&coordinator, &passed).asked
    #expect(second.map(\.index) == [1] && second[0].credit == 2)
    coordinator.receive(.rows(9), .bytes([7]), chunks: 1, of: 1, serial: first[1].serial)
    coordinator.receive(.rows(1), .bytes([1]), chunks: 0, of: 1, serial: second[0].serial)
    #expect(advance(&coordinator, &passed).end?.0 == .rows(2) && passed == [0, 1])
  }

  @Test func wholeResultsAreGivenUpForTheirRoomAndAskedAgainInTheirTurn() {
    var coordinator = coordinator(3)
    var passed: [UInt8] = []
    let first = advance(&coordinator, &passed).asked
    coordinator.receive(.rows(1), .bytes([1, 1]), chunks: 0, of: 1, serial: first[1].serial)
    coordinator.receive(chunk: .bytes([2]), of: 2, serial: first[2].serial)
    #expect(coordinator.letGoOfAll() == [first[2].serial])
    #expect(coordinator.keptBytes == 0 && coordinator.openAhead == 0 && !coordinator.areSmall)
    coordinator.receive(.rows(1), .bytes([0]), chunks: 0, of: 0, serial: first[0].serial)
    for index: UInt8 in 1...2 {
      let again = advance(&coordinator, &passed).asked
      #expect(again.map(\.index) == [Int(index)])
      coordinator.receive(
        .rows(1), .bytes([index]), chunks: 0, of: Int(index), serial: again[0].serial)
    }
    #expect(advance(&coordinator, &passed).end?.0 == .rows(3) && passed == [0, 1, 2])
  }

  @Test func theOneWhoseTurnItIsGetsCreditAsItsChunksCome() {
    var coordinator = coordinator(1)
    _ = coordinator.next(ahead: 0)
    coordinator.receive(chunk: .bytes([1]), of: 0, serial: 1)
    guard case .grant(serial: 1, chunks: 1) = coordinator.next(ahead: 0) else {
      Issue.record("it gets no more")
      return
    }
  }

  @Test func aFailureEndsItOrIsLeftOut() {
    for skips in [false, true] {
      var coordinator = coordinator(3, skipsFailed: skips)
      var passed: [UInt8] = []
      let asked = advance(&coordinator, &passed).asked
      for one in asked {
        let outcome: Outcome = one.index == 1 ? .failure(Failure(.denied, "no")) : .rows(1)
        coordinator.receive(
          outcome, .bytes(one.index == 1 ? [] : [5]), chunks: 0, of: one.index,
          serial: one.serial)
      }
      let end = advance(&coordinator, &passed).end
      if skips {
        #expect(end?.0 == .rows(2) && passed == [5, 5])
        #expect(
          end?.1 == SetSummary(databases: 2, failed: 1, code: .denied, why: "db-1: denied: no"))
      } else {
        #expect(end?.0 == .failure(Failure(.denied, "db-1: no")))
      }
    }
  }

  @Test func bareBadLuckAheadOfItsTurnIsForgotten() {
    var coordinator = coordinator(2)
    var passed: [UInt8] = []
    let first = advance(&coordinator, &passed).asked
    coordinator.receive(chunk: .bytes([1]), of: 1, serial: first[1].serial)
    let lost = Outcome.failure(Failure(.aborted, "its worker was lost"))
    coordinator.receive(lost, .delimiter, chunks: 1, of: 1, serial: first[1].serial)
    coordinator.receive(.rows(0), .delimiter, chunks: 0, of: 0, serial: first[0].serial)
    let second = advance(&coordinator, &passed).asked
    #expect(second.map(\.index) == [1])
    coordinator.receive(lost, .delimiter, chunks: 0, of: 1, serial: second[0].serial)
    #expect(
      advance(&coordinator, &passed).end?.0
        == .failure(Failure(.aborted, "db-1: its worker was lost")))
  }

  @Test func rowsThatDoNotFitAreAFailureOfTheirDatabase() {
    var coordinator = coordinator(1, skipsFailed: true)
    _ = coordinator.next(ahead: 0)
    coordinator.receive(chunk: .bytes([1]), of: 0, serial: 1)
    while case .grant = coordinator.next(ahead: 0) {}
    coordinator.refuse(Failure(.sql, "other columns"))
    var passed: [UInt8] = []
    #expect(advance(&coordinator, &passed).end?.1?.failed == 1)
  }
}
