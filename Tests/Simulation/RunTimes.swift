import Wire

/// How long statements took, by the rule of the design: a moving average over eight runs.
struct RunTimes {
  private struct Statement: Hashable {
    let text: Int
    let database: Int

    init(_ request: Ledger.Request) {
      text = request.sent.text
      database = request.database ?? Database.unknown
    }
  }

  private var times: [Statement: Int64] = [:]

  mutating func note(_ request: Ledger.Request, microseconds: Int64) {
    let before = self[request] ?? microseconds
    times[Statement(request)] = before + (microseconds - before) / 8
  }

  /// Nil when no run has ended yet.
  subscript(request: Ledger.Request) -> Int64? { times[Statement(request)] }

  /// Whether it may be run together with others.
  func isQuick(_ request: Ledger.Request) -> Bool { self[request].map { $0 < 1000 } ?? false }
}
