/// What a worker says on its own, like a `ChangeNote`, when one of several requests that it was given
/// takes too long: this attempt runs, what was answered before it is not sent as long as it does, and
/// what comes behind it will not be begun. So everything but this can be given to others.
///
///     OVERRUN name=workers-3 generation=7 job=17 try=1
package struct OverrunNote: LineMessage, Equatable, Sendable {
  package var member: Member
  package var attempt: Attempt

  package init(member: Member, attempt: Attempt) {
    self.member = member
    self.attempt = attempt
  }

  package var line: Line {
    Line("OVERRUN").with(member).with(attempt)
  }

  package init?(_ line: LineView) {
    guard line.isWord("OVERRUN"), let member = Member(line), let attempt = Attempt(line) else {
      return nil
    }
    self.init(member: member, attempt: attempt)
  }
}
