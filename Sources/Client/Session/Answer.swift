package import Wire
package import ZeroMQ

/// A router's message: `[""][line][body]`.
package struct Answer {
  /// The request's, nil when it could not be read.
  package var id: UInt64?
  /// What became of the request, nil when that could not be understood, and for a chunk.
  package var outcome: Outcome?
  /// Which chunk of the result the body is, counted from 1; nil for a final answer.
  package var chunk: Int?
  /// How many chunks came before a final answer.
  package var chunks: Int
  /// The line, or what is wrong with the message.
  package var text: String
  /// The version of the database that the rows show, as far as one is known.
  package var version: String?
  package var body: Part

  package init(
    id: UInt64?, outcome: Outcome?, chunk: Int? = nil, chunks: Int = 0, text: String = "",
    version: String? = nil, body: Part = .delimiter
  ) {
    self.id = id
    self.outcome = outcome
    self.chunk = chunk
    self.chunks = chunks
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
      let isChunk = line.isWord("MORE")
      let outcome = isChunk ? nil : Outcome(line)
      self.init(
        id: line["id"]?.uint64, outcome: outcome, chunk: isChunk ? line["chunk"]?.int : nil,
        chunks: line["chunks"].map { $0.int ?? -1 } ?? 0,
        text: outcome == nil ? line.line.description : "", version: line["version"]?.text,
        body: message.count > 2 ? .frame(Frame(message, 2)) : .delimiter)
    } catch {
      self.init(id: nil, outcome: nil, text: error.description)
    }
  }
}
