import Wire

/// How long statements took, by the rule of the design: a moving average over eight runs, which on a
/// database begins with that of the text on all of them.
struct RunTimes {
  private var times: [Ledger.Statement: Int64] = [:]
  /// By the texts alone.
  private var general: [Int: Int64] = [:]

  mutating func note(_ request: Ledger.Request, microseconds: Int64) {
    let statement = Ledger.Statement(request)
    let before = self[request] ?? microseconds
    times[statement] = before + (microseconds - before) / 8
    let others = general[statement.text] ?? microseconds
    general[statement.text] = others + (microseconds - others) / 8
  }

  /// Nil when no run has ended yet, on any database.
  subscript(request: Ledger.Request) -> Int64? {
    let statement = Ledger.Statement(request)
    return times[statement] ?? general[statement.text]
  }

  /// Whether it may be run together with others.
  func isQuick(_ request: Ledger.Request) -> Bool { self[request].map { $0 < 1000 } ?? false }
}

extension Ledger {
  /// What a request runs, whatever its parameters.
  struct Statement: Hashable {
    let text: Int
    let database: Int

    init(_ request: Request) {
      text = request.sent.text
      database = request.database ?? Database.unknown
    }
  }
}
