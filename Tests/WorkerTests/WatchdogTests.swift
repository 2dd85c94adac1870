import Testing
import Wire

@testable import Worker

@Suite struct WatchdogTests {
  @Test func aRunIsOverdueAGraceAfterItsDeadlineAndThatIsToldOnce() {
    var dog = Watchdog()
    #expect(dog.limit == nil)
    dog.begin(Assignment(7, 2), deadline: .at(1000))
    #expect(dog.limit == .at(1500))
    #expect(dog.tick(now: .at(1499)) == nil)
    #expect(
      dog.tick(now: .at(1500))
        == Watchdog.Overdue(attempt: Attempt(job: 7, number: 2), cause: .deadline))
    #expect(dog.tick(now: .at(9000)) == nil)
    #expect(dog.limit == nil)
  }

  @Test func aLookAtAVersionIsOverdueToo() {
    var dog = Watchdog()
    dog.beginLook(now: .at(100))
    // It is nobody's, whatever becomes of the router.
    dog.follow(.router(2), now: .at(200))
    dog.separate(now: .at(300))
    #expect(!dog.isAbandoned && dog.limit == .at(2600))
    #expect(dog.tick(now: .at(2600)) == Watchdog.Overdue(attempt: nil, cause: .deadline))
  }

  @Test func aRunThatHasEndedIsNeverOverdue() {
    var dog = Watchdog()
    dog.begin(Assignment(1), deadline: .at(1000))
    dog.end()
    #expect(dog.limit == nil)
    #expect(dog.tick(now: .at(9000)) == nil)
    dog.begin(Assignment(2), deadline: .at(20_000))
    #expect(dog.tick(now: .at(9000)) == nil)
  }

  @Test func theGraceOfACancelledRunBeginsWithTheCancel() {
    var dog = Watchdog()
    dog.begin(Assignment(1), deadline: .at(30_000))
    dog.cancel(Assignment(1), now: .at(100))
    #expect(dog.isAbandoned)
    #expect(dog.limit == .at(600))
    // To say it again gains no time.
    dog.cancel(Assignment(1), now: .at(500))
    dog.follow(.router(2), now: .at(550))
    #expect(dog.limit == .at(600))
    #expect(dog.tick(now: .at(600))?.cause == .cancellation)
  }

  @Test func aCancelAfterTheDeadlineGainsNoTimeEither() {
    var dog = Watchdog()
    dog.begin(Assignment(1), deadline: .at(1000))
    dog.cancel(Assignment(1), now: .at(1400))
    #expect(dog.isAbandoned)
    #expect(dog.tick(now: .at(1500))?.cause == .deadline)
  }

  @Test(arguments: [Assignment(2), Assignment(1, 2), Assignment(1, by: .router(2))])
  func aCancelOfSomethingElseHitsNothing(other: Assignment) {
    var dog = Watchdog()
    dog.begin(Assignment(1), deadline: .at(1000))
    dog.cancel(other, now: .at(100))
    #expect(!dog.isAbandoned)
    #expect(dog.limit == .at(1500))
  }

  @Test func nothingIsLeftOfACancelWhenTheNextRunBegins() {
    var dog = Watchdog()
    dog.begin(Assignment(1), deadline: .at(1000))
    dog.cancel(Assignment(1), now: .at(100))
    dog.end()
    #expect(!dog.isAbandoned)
    dog.cancel(Assignment(1), now: .at(200))
    dog.begin(Assignment(2), deadline: .at(3000))
    #expect(!dog.isAbandoned)
    #expect(dog.limit == .at(3500))
  }

  @Test func anotherRouterEndsARunAndItsOwnDoesNot() {
    var dog = Watchdog()
    dog.begin(Assignment(1), deadline: .at(30_000))
    dog.follow(.router(1), now: .at(100))
    #expect(!dog.isAbandoned)
    dog.follow(.router(2), now: .at(200))
    #expect(dog.isAbandoned)
    #expect(dog.tick(now: .at(700))?.cause == .replacement)
  }
}
