package import Wire
package import ZeroMQ

/// A router's message: `[""][line][body]`.
package struct Answer {
  /// The request's, nil when it could not be read.
  package var id: UInt64?
  /// What became of the request, nil when that could not be understood.
  package var outcome: Outcome?
  /// The line, or what is wrong with the message.
  package var text: String
  /// The version of the database that the rows show, as far as one is known.
  package var version: String?
  package var body: Part

  package init(
    id: UInt64?, outcome: Outcome?, text: String = "", version: String? = nil,
    body: Part = .delimiter
  ) {
    self.id = id
    self.outcome = outcome
    self.text = text
    self.version = version
    self.body = body
  }

  /// Reads a message; whatever it holds, this is what can be said of it.
  package init(_ message: Multipart) {
    defer { withExtendedLifetime(message) {} }
    guard message.count >= 2, message[0].isEmpty else {
      self.init(id: nil, outcome: nil, text: "it does not begin with an empty frame and a line")
      return
    }
    do throws(LineError) {
      let line = try LineView(parsing: message[1])
      let outcome = Outcome(line)
      self.init(
        id: line["id"]?.uint64, outcome: outcome,
        text: outcome == nil ? line.line.description : "", version: line["version"]?.text,
        body: message.count > 2 ? .frame(Frame(message, 2)) : .delimiter)
    } catch {
      self.init(id: nil, outcome: nil, text: error.description)
    }
  }
}
