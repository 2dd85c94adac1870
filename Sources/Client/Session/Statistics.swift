package import Wire
private import ZeroMQ

/// What has become of all requests of a session, and how long it took.
package struct Statistics: Sendable {
  /// Requests and what could not be sent.
  package internal(set) var queries = 0
  package private(set) var succeeded = 0
  /// By code; those that the router did not answer under nil.
  package private(set) var failures: [ErrorCode?: Int] = [:]
  package private(set) var rows = 0
  /// Of the results.
  package internal(set) var bytes = 0
  /// From the first sending of a request to the end of its result, for those that have one.
  package private(set) var latencies = Histogram()

  /// Requests of which something has become.
  package var finished: Int { succeeded + failures.values.reduce(0, +) }

  mutating func take(_ answer: Answer, sentAt: Instant?, now: Instant) {
    succeeded += 1
    // Whatever the router says.
    if case .rows(let count) = answer.outcome { rows &+= max(0, count) }
    bytes += answer.body.count
    if let sentAt { latencies.note(now.microseconds(since: sentAt)) }
  }

  mutating func fail(_ code: ErrorCode?) {
    failures[code, default: 0] += 1
  }

  /// All of it after so long, as a line.
  package func line(microseconds: Int64) -> Line {
    var line = Line("stats").with("queries", queries).with("ok", succeeded)
    for code in ErrorCode.allCases {
      if let count = failures[code] { line.append(key: code.rawValue, String(count)) }
    }
    line.append("unanswered", failures[nil])
    line.append("rows", rows)
    line.append("bytes", bytes)
    line.append("seconds", Self.thousandths(microseconds / 1000))
    line.append("per_second", finished * 1_000_000 / max(1, Int(microseconds)))
    guard succeeded > 0 else { return line }
    for (key, share) in [("p50_ms", 0.5), ("p90_ms", 0.9), ("p99_ms", 0.99)] {
      line.append(key: key, Self.thousandths(latencies.percentile(share)))
    }
    line.append("max_ms", Self.thousandths(latencies.max))
    return line
  }

  /// A number of thousandths as a decimal: 12.034.
  private static func thousandths(_ number: Int64) -> String {
    let rest = String(number % 1000)
    return "\(number / 1000)." + String(repeating: "0", count: 3 - rest.utf8.count) + rest
  }
}
