/// What became of a query on several databases, beside its rows. An object, as few answers have one.
package final class SetSummary: Sendable {
  /// How many databases have answered.
  package let databases: Int
  /// How many have failed and were left out.
  package let failed: Int
  /// Of the first of those.
  package let code: ErrorCode?
  /// For people: the first of those, each with what was wrong.
  package let why: String?

  package init(databases: Int, failed: Int = 0, code: ErrorCode? = nil, why: String? = nil) {
    self.databases = databases
    self.failed = failed
    self.code = code
    self.why = why
  }

  /// Reads it from an answer's line; nil when that is of a query on one database.
  package convenience init?(_ line: LineView) {
    guard let databases = line["databases"]?.int else { return nil }
    let failed = line["failed"]?.int ?? 0
    guard failed > 0 else {
      self.init(databases: databases)
      return
    }
    self.init(
      databases: databases, failed: failed, code: (line["code"]?.text).flatMap(ErrorCode.init),
      why: line["why"]?.text)
  }
}

extension SetSummary: Equatable {
  package static func == (a: SetSummary, b: SetSummary) -> Bool {
    a.databases == b.databases && a.failed == b.failed && a.code == b.code && a.why == b.why
  }
}

extension Line {
  package mutating func append(_ summary: SetSummary?) {
    guard let summary else { return }
    append("databases", summary.databases)
    guard summary.failed > 0 else { return }
    append("failed", summary.failed)
    append("code", summary.code?.rawValue)
    append("why", summary.why)
  }
}
