package import Wire
package import ZeroMQ

/// A router's answer, or a chunk of one: a line and a body.
package final class Answer {
  /// The request's, nil when it could not be read.
  package let id: UInt64?
  /// What became of the request, nil when that could not be understood, and for a chunk.
  package let outcome: Outcome?
  /// Which chunk of the result the body is, counted from 1; nil for a final answer.
  package let chunk: Int?
  /// How many chunks came before a final answer.
  package let chunks: Int
  /// Why some of several databases were left out of the rows; nil when none was.
  package let omission: Failure?
  /// The line, or what is wrong with the message.
  package let text: String
  /// The version of the database that the rows show, as far as one is known.
  package var version: String? { knownVersion ?? line.flatMap(Self.version) }
  private let knownVersion: String?
  /// The line in which the version stands: only a watch looks.
  private let line: Frame?
  package let body: Part

  package init(
    id: UInt64?, outcome: Outcome?, chunk: Int? = nil, chunks: Int = 0, text: String = "",
    version: String? = nil, omission: Failure? = nil, body: Part = .delimiter
  ) {
    self.omission = omission
    self.id = id
    self.outcome = outcome
    self.chunk = chunk
    self.chunks = chunks
    self.text = text
    knownVersion = version
    line = nil
    self.body = body
  }

  /// Whatever the frames hold, this is what can be said of it.
  init(_ line: Frame, _ body: Part) {
    knownVersion = nil
    self.body = body
    self.line = line
    do throws(LineError) {
      let line = try line.withBytes { bytes throws(LineError) in try LineView(parsing: bytes) }
      id = line["id"]?.uint64
      let isChunk = line.isWord("MORE")
      chunk = isChunk ? line["chunk"]?.int : nil
      chunks = isChunk ? 0 : line["chunks"].map { $0.int ?? -1 } ?? 0
      outcome = isChunk ? nil : Outcome(line)
      omission = Self.omission(line)
      text = outcome == nil && chunk == nil ? line.line.description : ""
    } catch {
      (id, outcome, chunk, chunks, omission) = (nil, nil, nil, 0, nil)
      text = error.description
    }
  }

  private static func omission(_ line: LineView) -> Failure? {
    guard line["failed"] != nil, let summary = SetSummary(line), summary.failed > 0 else {
      return nil
    }
    return Failure(summary.code ?? .sql, summary.why ?? "\(summary.failed) databases failed")
  }

  private static func version(in line: Frame) -> String? {
    line.withBytes { (try? LineView(parsing: $0))?["version"]?.text }
  }
}
