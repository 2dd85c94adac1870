/// What became of a statement: the body's number of rows, or why there is none.
package enum Outcome: LineMessage, Equatable, Sendable {
  case rows(Int)
  /// The database is at the version that the client has named; nothing was run.
  case unchanged
  case failure(Failure)
}

/// Why a request failed.
package struct Failure: Error, Equatable, Sendable {
  /// What is told of a message, in bytes: it may quote what a client has sent, and has to fit a line.
  package static let maxMessageLength = 4096

  package var code: ErrorCode
  /// For people: SQLite's own words where it has some.
  package var message: String
  /// The byte of the SQL at which SQLite saw the error.
  package var offset: Int?
  /// After how many milliseconds it makes sense to send the request again.
  package var retryMilliseconds: Int?

  package init(
    _ code: ErrorCode, _ message: String, offset: Int? = nil, retryMilliseconds: Int? = nil
  ) {
    self.code = code
    self.message = message
    self.offset = offset
    self.retryMilliseconds = retryMilliseconds
  }
}

extension Outcome {
  /// The most rows that a result can be said to have; so many sums of them are numbers, too.
  private static let maxRows = 1 << 40

  /// The line of an answer to the request of this id: `OK` or `ERROR`, the id, then what this outcome
  /// has to say.
  package func line(id: String? = nil) -> Line {
    start().with("id", id).with(self)
  }

  /// The word of the line.
  func start() -> Line {
    if case .failure = self { Line("ERROR") } else { Line("OK") }
  }

  /// Of the value of `rows=`; nil when it is none.
  package static func rowCount(_ value: LineValue) -> Int? {
    value.int.flatMap { (0...maxRows).contains($0) ? $0 : nil }
  }

  /// Reads the outcome from an answer's line; nil when it is no answer, or its code is unknown.
  package init?(_ line: LineView) {
    if line.isWord("OK") {
      guard let rows = line["rows"].flatMap(Self.rowCount) else { return nil }
      self = line["unchanged"].map { $0 == "1" } ?? false ? .unchanged : .rows(rows)
    } else if line.isWord("ERROR") {
      guard let code = (line["code"]?.text).flatMap(ErrorCode.init) else { return nil }
      self = .failure(
        Failure(
          code, line["message"]?.text ?? "", offset: line["offset"]?.int,
          retryMilliseconds: line["retry_ms"]?.int))
    } else {
      return nil
    }
  }
}

extension Line {
  /// The line with what an outcome has to say behind the word.
  consuming func with(_ outcome: Outcome) -> Line {
    switch outcome {
    case .rows(let count): with("rows", count)
    case .unchanged: with("rows", 0).with("unchanged", 1)
    case .failure(let failure):
      with("code", failure.code.rawValue)
        .with("message", failure.message.prefix(utf8Count: Failure.maxMessageLength))
        .with("offset", failure.offset)
        .with("retry_ms", failure.retryMilliseconds)
    }
  }
}
