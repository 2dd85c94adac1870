import TestSupport
import Testing
import Wire

@Suite struct SequenceTrackerTests {
  private func event(
    _ sequence: Int64, _ incarnation: Int64 = 1, of name: String = "w",
    _ word: String = "worker.ready"
  ) -> Publication {
    Publication(
      publisher: PublisherIdentity(name: name, incarnation: incarnation), sequence: sequence,
      line: Line(word))
  }

  private func end(_ sequence: Int64, _ incarnation: Int64 = 1) -> Publication {
    event(sequence, incarnation, "supervisor.stopped")
  }

  private func state(_ sequence: Int64, _ incarnation: Int64 = 1) -> Publication {
    Publication(
      publisher: PublisherIdentity(name: "w", incarnation: incarnation), sequence: sequence,
      line: Line(Publication.stateWord))
  }

  /// What is found of each.
  private func findings(_ publications: [Publication]) -> [SequenceTracker.Finding] {
    var tracker = SequenceTracker()
    return publications.map { tracker.note($0) }
  }

  @Test func whatFollowsIsNew() {
    #expect(
      findings([state(3), event(4), state(4), state(4), event(5)])
        == Array(repeating: .new(missed: 0), count: 5))
  }

  @Test func whatWasNeverHeardBeforeTheFirstIsNotMissed() {
    #expect(findings([event(9)]) == [.new(missed: 0)])
    #expect(findings([state(9)]) == [.new(missed: 0)])
  }

  @Test func aGapIsCounted() {
    #expect(findings([event(1), event(5)]).last == .new(missed: 3))
    #expect(findings([event(1), state(5)]).last == .new(missed: 4))
    #expect(findings([state(1), state(3), event(4)]).last == .new(missed: 0))
    #expect(findings([event(0), event(.max)]).last == .new(missed: .max - 1))
  }

  @Test func whatComesTwiceIsOld() {
    #expect(findings([event(1), event(2), event(2)]).last == .old)
    #expect(findings([event(1), event(2), event(1)]).last == .old)
    #expect(findings([event(2), state(1)]).last == .old)
    #expect(findings([state(2), event(2)]).last == .old)
  }

  @Test func anotherIncarnationBeginsAnew() {
    #expect(findings([end(7, 1), event(3, 2)]).last == .new(missed: 0))
    #expect(findings([event(7, 1), event(3, 2), event(5, 2)]).last == .new(missed: 1))
    // The last words of the one before.
    #expect(findings([event(7, 1), event(3, 2), event(8, 1)]).last == .new(missed: 0))
    #expect(findings([event(7, 1), event(3, 2), event(8, 1), event(4, 2)]).last == .new(missed: 0))
  }

  @Test func itIsToldWhenAnEndWasNotHeard() {
    #expect(findings([event(7, 1), event(3, 2)]).last == .newAfterUnheardEnd)
    #expect(findings([state(7, 1), state(3, 2)]).last == .newAfterUnheardEnd)
    #expect(findings([event(7, 1), event(3, 2), event(4, 2)]).last == .new(missed: 0))
    #expect(findings([end(7, 1), event(3, 2), event(1, 3)]).last == .newAfterUnheardEnd)
    // An end that is late, or that comes twice, is none of the incarnation heard last.
    #expect(
      findings([event(7, 1), event(3, 2), end(8, 1), end(2, 2), event(1, 3)]).last
        == .newAfterUnheardEnd)
    #expect(findings([end(7, 1), state(7, 1), event(1, 2)]).last == .new(missed: 0))
    var tracker = SequenceTracker()
    var heardEnds = [tracker.forget("w")]
    for last in [event(1), end(2)] {
      _ = tracker.note(last)
      heardEnds.append(tracker.forget("w"))
    }
    #expect(heardEnds == [true, false, true])
  }

  @Test func publishersAreIndependentAndCanBeForgotten() {
    var tracker = SequenceTracker()
    _ = tracker.note(event(1, of: "a"))
    #expect(tracker.note(event(5, of: "b")) == .new(missed: 0))
    #expect(tracker.note(event(3, of: "a")) == .new(missed: 1))
    tracker.forget("a")
    #expect(tracker.note(event(9, of: "a")) == .new(missed: 0))
  }

  @Test func theNumberOfPublishersIsBounded() {
    var tracker = SequenceTracker()
    for number in 0..<SequenceTracker.maxPublishers { _ = tracker.note(event(1, of: "\(number)")) }
    _ = tracker.note(event(1, of: "more"))
    #expect(tracker.note(event(5, of: "more")) == .new(missed: 0))
    #expect(tracker.note(event(5, of: "0")) == .new(missed: 3))
    tracker.forget("1")
    _ = tracker.note(event(1, of: "more"))
    #expect(tracker.note(event(5, of: "more")) == .new(missed: 3))
  }

  /// Of a publisher that is heard through a connection that drops and repeats, everything is either
  /// heard once or counted as missed.
  @Test func everythingIsHeardOrMissed() {
    for seed: UInt64 in 1...500 {
      var random = SeededRandom(seed: seed)
      var tracker = SequenceTracker()
      var incarnation: Int64 = 1
      var sequence: Int64 = 0
      // From the first message of this incarnation on.
      var (first, heard, missed): (Int64?, Int64, Int64) = (nil, 0, 0)
      for _ in 0..<300 {
        let dice = Int.random(in: 0..<20, using: &random)
        if dice == 0 {
          incarnation += Int64.random(in: 1...3, using: &random)
          (sequence, first, heard, missed) = (0, nil, 0, 0)
        }
        let isState = dice < 6
        if !isState { sequence += 1 }
        if dice.isMultiple(of: 3) { continue }
        let message = isState ? state(sequence, incarnation) : event(sequence, incarnation)
        for _ in 0...(dice == 7 ? 1 : 0) {
          switch tracker.note(message) {
          case .old: continue
          case .new(let count): missed += count
          case .newAfterUnheardEnd: break
          }
          if first == nil { first = isState ? sequence : sequence - 1 }
          heard += isState ? 0 : 1
        }
        #expect(heard + missed == sequence - (first ?? 0), "seed \(seed)")
      }
    }
  }
}
