internal import Broker
internal import Wire
package import ZeroMQ

/// What a peer has sent: how much it can take, or answers.
///
///     "", line, rows
///     "", MANY line, netstrings: a line and its rows for each
///
/// The rows of a CAPACITY line are the list of databases.
package struct PeerReply {
  private(set) var capacity: (line: PeerCapacity, databases: [ServedDatabase])?
  private(set) var answers: [(answer: PeerAnswer, body: Body)] = []
  /// What cannot be understood: the rest of the message then.
  private(set) var problem: String?
  /// In bytes.
  let size: Int

  package init(_ message: Multipart) {
    defer { withExtendedLifetime(message) {} }
    size = message.size
    let rows = RowsOwner()
    do throws(LineError) {
      guard (2...3).contains(message.count), message[0].isEmpty else {
        throw LineError(why: "\(message.count) frames are no answer", offset: 0)
      }
      let line = try LineView(parsing: message[1])
      let rest = message.count > 2 ? Frame(message, 2) : Frame(copying: message[0])
      if Packed.isWord(of: line) {
        var packed = NetstringReader(rest.bytes)
        while !packed.isAtEnd {
          let line = try LineView(parsing: try packed.next())
          try take(line, Frame(try packed.next(), keptBy: message, message.size), rows)
        }
      } else {
        try take(line, rest, rows)
      }
    } catch {
      problem = error.description
    }
  }

  private mutating func take(
    _ line: LineView, _ rest: Frame, _ rows: RowsOwner
  ) throws(LineError) {
    if let answer = PeerAnswer(line) {
      answers.append((answer, rows.body(rest)))
    } else if let capacity = PeerCapacity(line) {
      self.capacity = (capacity, try ServedDatabase.decode(rest.bytes))
    } else if line.isWord("ERROR"), line["id"] == nil, line["code"]?.text == ErrorCode.busy.rawValue
    {
      // Questions that were kept on their way came all at once. One of them was answered.
    } else {
      throw LineError(why: "no reply: '\(line.word)'", offset: 0)
    }
  }
}
