package import Broker
package import Wire

/// Deadlines, and readers that read nothing.
extension Sets {
  /// When `tick` has something to do; nil for never.
  package var nextDeadline: Instant? { all.isEmpty ? nil : nextCheck }

  /// Answers what cannot be waited for any longer.
  package mutating func tick(_ broker: inout Broker, now: Instant) {
    guard !all.isEmpty, now >= nextCheck else { return }
    nextCheck = now.adding(milliseconds: Self.checkMilliseconds)
    let isOver = broker.isDraining && broker.drainEnd.map { now >= $0 } ?? false
    for (number, set) in all {
      if now >= set.deadline {
        let time = set.deadline.millisecondsUp(since: set.arrival)
        let why = "its databases had not all answered within \(time) ms"
        end(number, .failure(Failure(.deadline, why)), &broker, now)
      } else if isOver {
        end(number, .failure(Broker.draining), &broker, now)
      } else if let since = set.stalledSince {
        let milliseconds = now.microseconds(since: since) / 1000
        let patience = waiting.count > 0 ? Self.stallMilliseconds : Self.idleStallMilliseconds
        guard milliseconds >= patience else { continue }
        let why = "its reader took nothing for \(milliseconds) ms"
        end(number, .failure(Failure(.aborted, why)), &broker, now)
      }
    }
  }
}
