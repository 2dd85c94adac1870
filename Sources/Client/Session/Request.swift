package import Toolkit
package import Wire

/// A request that is to be sent, once or more often.
package struct Request: Sendable {
  /// The line without an id and a deadline, which it gets each time that it is sent.
  private var line: [UInt8]
  private var hasDeadline: Bool
  /// How many chunks of the result the line itself asks for; 0: it is to come in one message.
  package private(set) var credit: Int
  package var sql: [UInt8]
  /// JSON; empty when the statement has none.
  package var parameters: [UInt8]
  package var place: Place
  /// The time it has from when it is submitted; nil for what the session's requests have.
  package var timeoutMilliseconds: Int?

  package init(_ message: ClientMessage, sql: [UInt8], parameters: [UInt8] = [], place: Place) {
    (hasDeadline, credit) = (false, 0)
    if case .query(let query) = message { (hasDeadline, credit) = (true, query.credit ?? 0) }
    line = message.line.encoded()
    self.sql = sql
    self.parameters = parameters
    self.place = place
  }

  /// Another one that differs in these only, whose line need not be made anew.
  package func with(sql: [UInt8], parameters: [UInt8] = [], place: Place) -> Request {
    var request = self
    request.sql = sql
    request.parameters = parameters
    request.place = place
    return request
  }

  /// Appends the line as it travels under this id, with so much time.
  package func appendLine(id: UInt64, deadlineMilliseconds: Int, to output: inout [UInt8]) {
    output.append(contentsOf: line)
    output.append(contentsOf: " id=".utf8)
    Self.append(id, to: &output)
    guard hasDeadline else { return }
    output.append(contentsOf: " deadline=".utf8)
    Self.append(UInt64(max(0, deadlineMilliseconds)), to: &output)
  }

  private static func append(_ number: UInt64, to output: inout [UInt8]) {
    let start = output.count
    var rest = number
    repeat {
      output.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    output[start...].reverse()
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
