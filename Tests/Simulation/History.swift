import DequeModule
import Wire

/// What has happened last, for people.
final class History {
  private static let capacity = 100000
  private var lines: Deque<String> = []

  var last: some Collection<String> { lines }

  func note(_ time: Instant, _ what: String) {
    let milliseconds = time.microseconds / 1000
    let rest = String(1000 + time.microseconds % 1000).dropFirst()
    if lines.count == Self.capacity { lines.removeFirst() }
    lines.append("\(milliseconds).\(rest) ms: \(what)")
  }
}
