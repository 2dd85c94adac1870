package import Broker
package import Wire

/// Deadlines, and readers that read nothing.
extension Sets {
  /// When `settle` or `tick` have something to do though nothing comes; nil for never.
  package var nextDeadline: Instant? {
    if hasLooked { return .start }
    return all.isEmpty ? nil : nextCheck
  }

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
        let isInTheWay =
          waiting.holdsUp(othersThan: set.connection) || keepsWorkerFromEarlier(set, broker)
        let patience = isInTheWay ? Self.stallMilliseconds : Self.idleStallMilliseconds
        guard milliseconds >= patience else { continue }
        let why = "its reader took nothing for \(milliseconds) ms"
        end(number, .failure(Failure(.aborted, why)), &broker, now)
      }
    }
  }

  /// Whether one that waits for its reader may have the worker that an earlier one of the same connection
  /// needs: that reader may take this one's rows only behind those. To the broker, both are one client.
  private func keepsWorkerFromEarlier(_ set: SetRequest, _ broker: Broker) -> Bool {
    guard broker.waitingRequests > 0, set.coordinator?.isTurnOpen ?? false else { return false }
    return running.contains { number in
      guard number < set.number, let earlier = all[number] else { return false }
      return earlier.connection == set.connection && earlier.stalledSince == nil
    }
  }
}
