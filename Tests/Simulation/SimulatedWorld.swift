import TestSupport
import Wire

/// What is to happen, when, and by what chance: all of it from one seed.
protocol SimulatedWorld {
  associatedtype Happening
  associatedtype Plan: SimulatedScenario

  var scenario: Plan { get }
  var random: SeededRandom { get set }
  var now: Instant { get }
  var agenda: Agenda<Happening> { get set }
  /// No more accidents, and no new requests.
  var isSettling: Bool { get }
  /// What has happened, when somebody wants to read it.
  var history: History? { get }
}

protocol SimulatedScenario {
  /// Of a hundred messages.
  var late: Int { get }
}

extension SimulatedWorld {
  mutating func plan(_ happening: Happening, in microseconds: ClosedRange<Int64>) {
    agenda.plan(happening, at: later(microseconds))
  }

  mutating func later(_ microseconds: ClosedRange<Int64>) -> Instant {
    now.adding(microseconds: number(microseconds))
  }

  mutating func number(_ range: ClosedRange<Int64>) -> Int64 {
    range.lowerBound
      + Int64(random.next() % UInt64(range.upperBound - range.lowerBound + 1))
  }

  mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

  mutating func chance(_ part: Int, of whole: Int = 100) -> Bool { pick(whole) < part }

  /// When a message arrives that is sent now.
  mutating func arrival() -> Instant {
    chance(scenario.late) && !isSettling ? later(1000...50_000) : later(20...300)
  }

  func note(_ what: @autoclosure () -> String) { history?.note(now, what()) }
}
