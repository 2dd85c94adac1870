package import Toolkit
package import Wire

/// A request that is to be sent, once or more often.
package struct Request: Sendable {
  /// Without an id and a deadline, which it gets each time that it is sent.
  package var message: ClientMessage
  package var sql: [UInt8]
  /// JSON; empty when the statement has none.
  package var parameters: [UInt8]
  package var place: Place
  /// The time it has from when it is submitted; nil for what the session's requests have.
  package var timeoutMilliseconds: Int?

  package init(_ message: ClientMessage, sql: [UInt8], parameters: [UInt8] = [], place: Place) {
    self.message = message
    self.sql = sql
    self.parameters = parameters
    self.place = place
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
