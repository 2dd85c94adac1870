/// What a worker says of a result that is larger than a chunk: here is one, may I go on? The chunk
/// follows in a frame of its own. The next is sent when the router has replied.
package struct ChunkReport: LineMessage, Equatable, Sendable {
  package var member: Member
  package var attempt: Attempt
  /// Whether nobody can write to the database as long as the result has no end: then other readers
  /// may come to wait behind a writer.
  package var keepsWritersOut: Bool

  package init(member: Member, attempt: Attempt, keepsWritersOut: Bool = false) {
    self.member = member
    self.attempt = attempt
    self.keepsWritersOut = keepsWritersOut
  }

  package var line: Line {
    Line("MORE").with(member).with(attempt).with("locks", keepsWritersOut ? "writers" : nil)
  }

  package init?(_ line: LineView) {
    guard line.isWord("MORE"), let member = Member(line), let attempt = Attempt(line) else {
      return nil
    }
    self.init(member: member, attempt: attempt, keepsWritersOut: line["locks"] != nil)
  }
}
