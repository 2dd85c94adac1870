import TestSupport
import Testing
import Toolkit
import Wire

@testable import Worker

/// A control state of worker `w-1`, generation 10, whose router takes workers at `ipc:///w`.
private struct Listener {
  static let member = Member(name: "w-1", generation: 10)

  var state = ControlState(WorkerIdentity(member), router: "ipc:///w")
  var now = Instant.at(0)
  /// Whether what was heard last was news for the runner.
  private(set) var hasNews = false

  mutating func hear(
    _ line: Line, from publisher: PublisherIdentity = .router(1), members: [Line] = []
  ) {
    hasNews = state.hear(
      Publication(publisher: publisher, sequence: 1, line: line, members: members), now: now)
  }

  mutating func hearRouter(_ router: PublisherIdentity, at endpoint: String = "ipc:///w") {
    let line = Line(Publication.stateWord).with("role", "router").with("workers", endpoint)
    hear(line, from: router)
  }

  mutating func hearCancel(_ assignment: Assignment, of member: Member = member) {
    hear(Self.cancel(assignment, of: member), from: assignment.router)
    #expect(!hasNews)
  }

  static func cancel(_ assignment: Assignment, of member: Member = member) -> Line {
    Line(EventWord.cancelled).with(member).with(assignment.attempt)
  }

  mutating func begin(_ assignment: Assignment) {
    state.begin(assignment, from: nil, deadline: now.adding(milliseconds: 30_000), now: now)
  }
}

@Suite struct ControlStateTests {
  @Test func aCancelHitsWhatRuns() {
    var listener = Listener()
    listener.begin(Assignment(1))
    listener.hearCancel(Assignment(1))
    #expect(listener.state.watchdog.isAbandoned)
  }

  @Test func aRouterWhoseNumbersBeganAnewIsFollowedOnceTheOldOneIsSilent() {
    var listener = Listener()
    listener.hearRouter(.router(7))
    listener.now = .at(3499)
    listener.hearRouter(.router(1))
    #expect(listener.state.router == .router(7))
    listener.now = .at(3500)
    listener.hearRouter(.router(1))
    #expect(listener.state.router == .router(1) && listener.hasNews)
    listener.hearRouter(.router(2))
    #expect(listener.state.router == .router(2))
  }

  @Test func whereNobodyElseIsHeardTheRouterIsWhateverIsHeard() {
    var listener = Listener()
    listener.state = ControlState(WorkerIdentity(Listener.member), router: nil)
    // By another name than that which it is reached by.
    listener.hearRouter(.router(7), at: "tcp://0.0.0.0:13580")
    #expect(listener.state.router == .router(7) && listener.hasNews)
  }

  @Test func whatALostRouterGaveIsAbandonedAlsoWhenItBeginsOnlyThen() throws {
    var listener = Listener()
    listener.hearRouter(.router(7))
    let giver = try #require(listener.state.contact)
    listener.begin(Assignment(1, by: .router(7)))
    #expect(!listener.state.watchdog.isAbandoned)
    listener.now = .at(100)
    listener.state.lose(now: listener.now)
    #expect(listener.state.router == nil && listener.state.contact == nil)
    #expect(listener.state.watchdog.isAbandoned && listener.state.watchdog.limit == .at(600))
    listener.state.watchdog.end()
    for isBack in [false, true] {
      if isBack { listener.hearRouter(.router(7)) }
      listener.state.begin(
        Assignment(2, by: .router(7)), from: giver, deadline: .at(9000), now: .at(200))
      #expect(listener.state.watchdog.isAbandoned)
    }
    listener.state.begin(
      Assignment(3, by: .router(7)), from: listener.state.contact, deadline: .at(9000),
      now: .at(200))
    #expect(!listener.state.watchdog.isAbandoned)
  }

  @Test func aCancelThatComesBeforeItsRunHitsItToo() {
    var listener = Listener()
    listener.hearCancel(Assignment(1))
    #expect(!listener.state.watchdog.isAbandoned)
    listener.now = .at(100)
    listener.begin(Assignment(1))
    #expect(listener.state.watchdog.isAbandoned)
    #expect(listener.state.watchdog.limit == .at(600))
  }

  @Test func aCancelThatComesAfterItsRunHitsNothing() {
    var listener = Listener()
    listener.begin(Assignment(1))
    listener.state.watchdog.end()
    listener.hearCancel(Assignment(1))
    listener.begin(Assignment(1, 2))
    #expect(!listener.state.watchdog.isAbandoned)
    listener.state.watchdog.end()
    listener.begin(Assignment(2))
    #expect(!listener.state.watchdog.isAbandoned)
  }

  @Test func anotherWorkerAnotherAttemptOrAnotherRouterIsNotMeant() {
    var listener = Listener()
    let strangers = [Member(name: "w-1", generation: 11), Member(name: "w-2", generation: 10)]
    let others = [Assignment(2), Assignment(1, 2), Assignment(1, by: .router(2))]
    for _ in 0..<2 {
      for stranger in strangers { listener.hearCancel(Assignment(1), of: stranger) }
      for other in others { listener.hearCancel(other) }
      listener.begin(Assignment(1))
      #expect(!listener.state.watchdog.isAbandoned)
    }
  }

  @Test func aStateRepeatsWhatWasMissed() {
    var listener = Listener()
    listener.begin(Assignment(1))
    let state = Line(Publication.stateWord).with("role", "router").with("workers", "ipc:///w")
    let others = [Line("request.other"), Listener.cancel(Assignment(2))]
    listener.hear(state, members: others)
    #expect(!listener.state.watchdog.isAbandoned)
    listener.hear(state, members: others + [Listener.cancel(Assignment(1))])
    #expect(listener.state.watchdog.isAbandoned)
  }

  @Test func lessThanAWholeCancelIsNone() {
    var listener = Listener()
    listener.begin(Assignment(1))
    let whole = Listener.cancel(Assignment(1))
    for missing in whole.fields.map(\.key) {
      var part = Line(whole.word)
      for field in whole.fields where field.key != missing {
        part.append(key: field.key, field.value)
      }
      listener.hear(part)
      #expect(!listener.hasNews)
      #expect(!listener.state.watchdog.isAbandoned, "without \(missing)=")
    }
  }

  @Test func onlyTheLatestCancelsAreRemembered() {
    var listener = Listener()
    let jobs = 0...UInt64(Cancellations.capacity)
    for job in jobs {
      listener.hearCancel(Assignment(job))
      // Said again, it takes nobody's place.
      for _ in 0..<100 { listener.hearCancel(Assignment(job)) }
    }
    for job in jobs {
      listener.begin(Assignment(job))
      #expect(listener.state.watchdog.isAbandoned == (job > 0), "job \(job)")
    }
  }

  @Test func anotherIncarnationOfTheRouterEndsWhatItDoesNotKnow() {
    var listener = Listener()
    listener.hearRouter(.router(5))
    #expect(listener.hasNews)
    listener.hearRouter(.router(5))
    #expect(!listener.hasNews)
    listener.begin(Assignment(1, by: .router(5)))
    // An earlier one's last words, and a router of other workers.
    listener.hearRouter(.router(4))
    #expect(!listener.hasNews)
    listener.hearRouter(.router(9), at: "ipc:///other")
    #expect(!listener.hasNews)
    #expect(!listener.state.watchdog.isAbandoned)
    #expect(listener.state.router == .router(5))
    listener.hearRouter(.router(6))
    #expect(listener.hasNews)
    #expect(listener.state.watchdog.isAbandoned)
    // What the old one gave, and only begins now.
    listener.begin(Assignment(2, by: .router(5)))
    #expect(listener.state.watchdog.isAbandoned)
    listener.begin(Assignment(1, by: .router(6)))
    #expect(!listener.state.watchdog.isAbandoned)
  }

  @Test func theEndIsAnnouncedOnceAndToThisIncarnation() {
    var listener = Listener()
    let supervisor = PublisherIdentity(name: "workers", incarnation: 3)
    let stopping = Line("worker.stopping")
    for other in [Member(name: "w-1", generation: 9), Member(name: "w-2", generation: 10)] {
      listener.hear(stopping.with(other), from: supervisor)
      #expect(!listener.hasNews)
    }
    listener.hear(Line("worker.ready").with(Listener.member), from: supervisor)
    #expect(!listener.hasNews)
    #expect(!listener.state.isStopping)
    listener.hear(stopping.with(Listener.member), from: supervisor)
    #expect(listener.hasNews)
    #expect(listener.state.isStopping)
    listener.hear(stopping.with(Listener.member), from: supervisor)
    #expect(!listener.hasNews)
  }

  /// Whatever comes in whatever order, a run is abandoned exactly when it was itself taken back, or
  /// its router replaced.
  @Test(arguments: UInt64(1)...200)
  func neverTheWrongRunIsHit(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var listener = Listener()
    var router: Int64 = 1
    var latest: [Assignment] = []
    var current: Assignment?
    var isHit = false
    listener.hearRouter(.router(router))
    for _ in 0..<500 {
      let job = UInt64.random(in: 0..<12, using: &random)
      let number = Int.random(in: 1...3, using: &random)
      let giver = Int64.random(in: max(1, router - 1)...router, using: &random)
      let assignment = Assignment(job, number, by: .router(giver))
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<8:
        listener.hearCancel(assignment)
        if current == assignment { isHit = true }
        if !latest.contains(assignment) {
          latest = latest.suffix(Cancellations.capacity - 1) + [assignment]
        }
      case 8..<11: listener.hearCancel(assignment, of: Member(name: "w-1", generation: 11))
      case 11..<16:
        listener.begin(assignment)
        current = assignment
        isHit = latest.contains(assignment) || giver != router
      case 16..<19:
        listener.state.watchdog.end()
        current = nil
        isHit = false
      default:
        router += 1
        listener.hearRouter(.router(router))
        #expect(listener.hasNews)
        if current != nil { isHit = true }
      }
      #expect(listener.state.watchdog.isAbandoned == isHit)
      #expect((listener.state.watchdog.limit != nil) == (current != nil))
    }
  }
}
