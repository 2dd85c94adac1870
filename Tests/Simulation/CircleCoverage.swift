import Wire

/// What is to be seen of a circle of brokers, and how often it was.
final class CircleCoverage {
  enum Sight: String, CaseIterable {
    // How requests travel.
    case cameOnce
    case cameFar
    case begunAgain
    case handedAgain
    // What becomes of them in the end.
    case ok
    case unchanged
    case sql
    case busy
    /// A peer has enough of those that wait for changes.
    case tooManyWatches
    case deadline
    case cancelled
    case crashed
    case quarantined
    case noSuchDatabase
    case draining
    case aborted
    // What brokers tell each other.
    case answer
    case chunk
    case credit
    case cancel
    case givenBackBusy
    case givenBackDraining
    case givenBackNoSuchDatabase
    case crashedThere
    case lostThere
    /// One asks again too soon.
    case askedTooSoon
    case itself
    // What becomes of links.
    case isSilent
    case isClosed
    case isAnother
    case isBack
    /// One with more to do than workers has others run something.
    case isRelieved
  }

  private(set) var counts: [Sight: UInt64] = [:]
  /// What was found where nothing can be thrown.
  var violation: String?

  func note(_ sight: Sight) { counts[sight, default: 0] += 1 }

  /// How a client's request ended.
  func note(_ outcome: Outcome) {
    switch outcome {
    case .rows: note(.ok)
    case .unchanged: note(Sight.unchanged)
    case .failure(let failure):
      switch failure.code {
      case .sql: note(.sql)
      case .busy:
        note(
          failure.retryMilliseconds == Constants.watchRetryMilliseconds ? .tooManyWatches : .busy)
      case .deadline: note(.deadline)
      case .cancelled: note(.cancelled)
      case .crashed: note(.crashed)
      case .quarantined: note(.quarantined)
      case .noSuchDatabase: note(.noSuchDatabase)
      case .draining: note(.draining)
      case .aborted: note(.aborted)
      case .tooLarge, .denied, .badRequest: break
      }
    }
  }

  /// What a peer has answered.
  func note(_ answer: PeerAnswer) {
    guard case .outcome(let outcome) = answer.content else { return note(.chunk) }
    note(.answer)
    guard case .failure(let failure) = outcome else { return }
    switch failure.code {
    case .busy: note(.givenBackBusy)
    case .draining: note(.givenBackDraining)
    case .noSuchDatabase: note(.givenBackNoSuchDatabase)
    case .crashed: note(.crashedThere)
    case .aborted: note(.lostThere)
    default: break
    }
  }

  /// What a broker publishes.
  func note(_ event: Line) {
    switch (event.word, event["why"]) {
    case ("peer.joined", _): note(.isBack)
    case ("peer.lost", "it is silent"): note(.isSilent)
    case ("peer.lost", "its connection was closed"): note(.isClosed)
    case ("peer.lost", "it is another one now"): note(.isAnother)
    default: break
    }
  }
}
