package import Toolkit
package import Wire

/// A request that is to be sent, once or more often.
package final class Request: Sendable {
  /// The line without an id and a deadline, which it gets each time that it is sent.
  private let line: Line
  private let hasDeadline: Bool
  /// Whether it can be one of a series.
  private let takesSeries: Bool
  /// How many chunks of the result the line itself asks for; 0: it is to come in one message.
  package let credit: Int
  package let sql: [UInt8]
  /// JSON; empty when the statement has none.
  package let parameters: [UInt8]
  package let place: Place
  /// The time it has from when it is submitted; nil for what the session's requests have.
  package let timeoutMilliseconds: Int?

  package init(
    _ message: ClientMessage, sql: [UInt8], parameters: [UInt8] = [], place: Place,
    timeoutMilliseconds: Int? = nil
  ) {
    if case .query(let query) = message {
      (hasDeadline, credit) = (true, query.credit ?? 0)
      takesSeries = !query.namesSeveral && query.ifVersion == nil
    } else {
      (hasDeadline, credit) = (false, 0)
      takesSeries = false
    }
    line = message.line
    self.sql = sql
    self.parameters = parameters
    self.place = place
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  /// A request like another one, whose line so need not be made anew.
  package init(like other: Request, sql: [UInt8], parameters: [UInt8] = [], place: Place) {
    line = other.line
    hasDeadline = other.hasDeadline
    takesSeries = other.takesSeries
    credit = other.credit
    timeoutMilliseconds = other.timeoutMilliseconds
    self.sql = sql
    self.parameters = parameters
    self.place = place
  }

  /// The line as it travels under this id, with so much time.
  package func line(id: UInt64, deadlineMilliseconds: Int) -> Line {
    line.with("id", id).with("deadline", hasDeadline ? max(0, deadlineMilliseconds) : nil)
  }

  /// Whether it and another one can be of one series: they have all in common but their parameters, and
  /// their places.
  func goesWith(_ other: Request) -> Bool {
    takesSeries && line == other.line && sql == other.sql
  }

  /// In bytes.
  var size: Int { sql.count + parameters.count }
}

/// What one piece of the input comes to.
package enum Work: Sendable {
  case request(Request)
  /// It cannot be sent. This has its place in the order of answers, too.
  case failure(ToolError)
}
