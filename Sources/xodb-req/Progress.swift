internal import Client
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
  private var before = (queries: 0, bytes: 0)
  /// When it is written next; nil when it never is.
  private(set) var due: Instant?
  private var isShown = false

  /// Only where it cannot get between rows: when standard error is a terminal and standard output
  /// is none. The first second is silent.
  init(now: Instant) {
    last = now
    guard isatty(STDERR_FILENO) == 1, isatty(STDOUT_FILENO) == 0 else { return }
    due = now.adding(milliseconds: 2 * Self.intervalMilliseconds)
  }

  /// Writes the line when it is time.
  mutating func show(_ statistics: Statistics, now: Instant) {
    guard let due, now >= due else { return }
    let seconds = Double(now.microseconds(since: last)) / 1_000_000
    let queries = statistics.finished
    let bytes = statistics.bytes
    let queryRate = Int(Double(queries - before.queries) / seconds)
    let byteRate = Int(Double(bytes - before.bytes) / seconds) >> 20
    before = (queries, bytes)
    last = now
    isShown = true
    write("\r\u{1b}[K\(queries) queries, \(queryRate)/s, \(bytes >> 20) MiB, \(byteRate) MiB/s")
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
