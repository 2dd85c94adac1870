internal import Toolkit
internal import Wire

#if canImport(Glibc)
private import Glibc
#endif

/// A line on the terminal that says how far a long work has come, and is written over.
struct Progress {
  private static let intervalMilliseconds = 500

  /// When it was written last, and what it said.
  private var last: Instant
  private var before = (queries: 0, rows: 0, bytes: 0)
  private var rows: RowCount
  /// When it is written next; nil when it never is.
  private(set) var due: Instant?
  private var isShown = false

  /// Only where it cannot get between rows: when standard error is a terminal and standard output
  /// is none. The first second is silent.
  /// - Parameter format: of the rows as they come.
  init(_ format: Format, now: Instant) {
    last = now
    rows = RowCount(format)
    guard isatty(STDERR_FILENO) == 1, isatty(STDOUT_FILENO) == 0 else { return }
    due = now.adding(milliseconds: 2 * Self.intervalMilliseconds)
  }

  /// Takes note of what is printed.
  mutating func take(_ effect: Session.Effect) {
    if due != nil { rows.take(effect) }
  }

  /// Writes the line when it is time.
  mutating func show(_ statistics: Statistics, now: Instant) {
    guard let due, now >= due else { return }
    let seconds = Double(now.microseconds(since: last)) / 1_000_000
    let (queries, rows, bytes) = (statistics.finished, rows.rows, statistics.bytes)
    func rate(_ count: Int, since before: Int) -> Int {
      // Whatever the router says.
      Int(min(max(0, (Double(count) - Double(before)) / seconds), 1e18))
    }
    var parts: [String] = []
    // Of a single result, only the rows become more.
    if queries > 0 || rows == 0 {
      parts.append("\(queries) queries, \(rate(queries, since: before.queries))/s")
    }
    if rows > 0 { parts.append("\(rows) rows, \(rate(rows, since: before.rows))/s") }
    parts.append("\(bytes >> 20) MiB, \(rate(bytes, since: before.bytes) >> 20) MiB/s")
    before = (queries, rows, bytes)
    last = now
    isShown = true
    write("\r\u{1b}[K" + parts.joined(separator: ", "))
    self.due = now.adding(milliseconds: Self.intervalMilliseconds)
  }

  /// Takes the line away, before something else is written there.
  mutating func clear() {
    guard isShown else { return }
    isShown = false
    write("\r\u{1b}[K")
  }

  /// To a terminal that cannot be written to there is nothing to say.
  private func write(_ text: String) {
    try? Output.write(Array(text.utf8), to: STDERR_FILENO)
  }
}
