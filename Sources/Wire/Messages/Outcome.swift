/// What became of a statement: the body's number of rows, or why there is none.
package enum Outcome: Equatable, Sendable {
  case rows(Int)
  case failure(Failure)
}

/// Why a request failed.
package struct Failure: Error, Equatable, Sendable {
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
  /// The line of an answer: `OK` or `ERROR`, the leading pairs, then what this outcome has to say.
  package func line(_ leading: [Line.Field] = []) -> Line {
    switch self {
    case .rows(let count):
      Line("OK").with(leading).with("rows", count)
    case .failure(let failure):
      Line("ERROR").with(leading)
        .with("code", failure.code.rawValue)
        .with("message", failure.message)
        .with("offset", failure.offset)
        .with("retry_ms", failure.retryMilliseconds)
    }
  }

  /// Reads the outcome from an answer's line; nil when it is no answer, or its code is unknown.
  package init?(_ line: Line) {
    switch line.word {
    case "OK":
      guard let rows = line["rows"].flatMap(Int.init) else { return nil }
      self = .rows(rows)
    case "ERROR":
      guard let code = line["code"].flatMap(ErrorCode.init) else { return nil }
      self = .failure(
        Failure(
          code, line["message"] ?? "",
          offset: line["offset"].flatMap(Int.init),
          retryMilliseconds: line["retry_ms"].flatMap(Int.init)))
    default: return nil
    }
  }
}
