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
  /// How many requests of a series it answers, from that of its id on; nil for a single one.
  let each: Int?
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
    each = nil
    self.body = body
  }

  /// Whatever the frames hold, this is what can be said of it.
  /// - Parameter lines: knows the lines of the answers before.
  init(_ line: Frame, _ body: Part, _ lines: inout AnswerLines) {
    knownVersion = nil
    self.body = body
    self.line = line
    do throws(LineError) {
      let content = try line.withBytes { bytes throws(LineError) in try lines.read(bytes) }
      (id, outcome, chunk, chunks) = (content.id, content.outcome, content.chunk, content.chunks)
      (omission, text, each) = (content.omission, content.text, content.each)
    } catch {
      (id, outcome, chunk, chunks, omission, each) = (nil, nil, nil, 0, nil, nil)
      text = error.description
    }
  }

  private static func version(in line: Frame) -> String? {
    line.withBytes { (try? LineView(parsing: $0))?["version"]?.text }
  }
}

/// Reads the lines of answers, most of which are like the one before.
package struct AnswerLines {
  /// What an answer's line says, as in `Answer`.
  fileprivate struct Content {
    var id: UInt64?
    var outcome: Outcome?
    let chunk: Int?
    let chunks: Int
    let omission: Failure?
    var each: Int?
    let text: String

    init(_ line: LineView) {
      id = line["id"]?.uint64
      let isChunk = line.isWord("MORE")
      chunk = isChunk ? line["chunk"]?.int : nil
      chunks = isChunk ? 0 : line["chunks"].map { $0.int ?? -1 } ?? 0
      outcome = isChunk ? nil : Outcome(line)
      omission = Self.omission(line)
      each = isChunk ? nil : line["each"].map { $0.int ?? -1 }
      text = outcome == nil && chunk == nil ? line.line.description : ""
    }

    private static func omission(_ line: LineView) -> Failure? {
      guard line["failed"] != nil, let summary = SetSummary(line), summary.failed > 0 else {
        return nil
      }
      return Failure(summary.code ?? .sql, summary.why ?? "\(summary.failed) databases failed")
    }
  }

  private var pattern = LinePattern("id", "queue_us", "run_us", "worker", "rows", "each")
  private var latest: Content?

  package init() {}

  fileprivate mutating func read(_ line: UnsafeRawBufferPointer) throws(LineError) -> Content {
    if let content = content(of: line) { return content }
    let view = try LineView(parsing: line)
    let content = Content(view)
    // What could not be understood is told with all of its line.
    if content.text.isEmpty {
      pattern.learn(view)
      latest = content
    }
    return content
  }

  /// What a line says that is like the one learned last; nil when all of it has to be read.
  private func content(of line: UnsafeRawBufferPointer) -> Content? {
    guard var content = latest, let values = pattern.values(in: line) else { return nil }
    if case .other(let id) = values[0] { content.id = id.uint64 }
    if case .other(let rows) = values[4] {
      guard case .rows? = content.outcome, let count = Outcome.rowCount(rows) else { return nil }
      content.outcome = .rows(count)
    }
    if case .other(let each) = values[5] {
      guard content.each != nil, let count = each.int else { return nil }
      content.each = count
    }
    return content
  }
}
