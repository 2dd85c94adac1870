import Wire

/// Where a request stands in a router, as far as transitions are counted.
enum Stage: Int, CaseIterable {
  case absent
  case short
  case long
  case urgentShort
  case urgentLong
  case unresolved
  case parked
  case running
  /// A part of its result was sent.
  case streaming
  // The final answers, and two ends without one.
  case ok
  case unchanged
  case failed
  case tooLarge
  case denied
  case badRequest
  case busy
  case deadline
  case cancelled
  case crashed
  case aborted
  case quarantined
  case noSuchDatabase
  case draining
  case unanswered
  case repeated

  init(_ place: SeenRequest.Place?) {
    switch place {
    case nil: self = .absent
    case .inTurn(let isShort): self = isShort ? .short : .long
    case .urgent(let isShort): self = isShort ? .urgentShort : .urgentLong
    case .unresolved: self = .unresolved
    case .parked: self = .parked
    case .running: self = .running
    case .streaming: self = .streaming
    }
  }

  /// Of an answer's line.
  init(_ line: Line) throws {
    guard let outcome = Outcome(line) else { throw Violation("no answer: \(line)") }
    switch outcome {
    case .rows: self = .ok
    case .unchanged: self = .unchanged
    case .failure(let failure):
      switch failure.code {
      case .sql: self = .failed
      case .busy: self = .busy
      case .deadline: self = .deadline
      case .cancelled: self = .cancelled
      case .crashed: self = .crashed
      case .quarantined: self = .quarantined
      case .noSuchDatabase: self = .noSuchDatabase
      case .draining: self = .draining
      case .tooLarge: self = .tooLarge
      case .denied: self = .denied
      case .badRequest: self = .badRequest
      case .aborted: self = .aborted
      }
    }
  }
}

/// Where a worker stands in a router.
enum WorkerStage: Int, CaseIterable {
  case absent
  case idle
  case running
  case several
  case stalled
  case abandoning
  case rescanning
  case checking
  /// It was told to end.
  case dismissed
  /// It is gone, for all that is known.
  case lost

  init(_ place: SeenWorker.Place) {
    switch place {
    case .idle: self = .idle
    case .running: self = .running
    case .several: self = .several
    case .stalled: self = .stalled
    case .abandoning: self = .abandoning
    case .rescanning: self = .rescanning
    case .checking: self = .checking
    }
  }
}

/// What a router was told.
enum Cause: Int, CaseIterable {
  case query
  case show
  case malformed
  case takeBack
  case credit
  case next
  case callerGone
  /// A worker's first words, or that it has looked which databases there are.
  case ready
  case result
  case chunk
  case version
  case note
  /// A worker is stuck in one of several requests.
  case overrun
  case nonsense
  case unreachable
  /// A client has no room for a chunk.
  case unread
  case workerGone
  // A supervisor's words.
  case started
  case isReady
  case stopping
  case exited
  case overdue
  case backoff
  case stuck
  case otherWord
  case state
  case tick
  case drain
  case pardon
  /// Nothing more: it decides.
  case settle
}

extension Cause {
  /// Of what a supervisor has said.
  init(_ publication: Publication) {
    let line = publication.line
    self =
      switch line.word {
      case Publication.stateWord: .state
      case "worker.started": .started
      case "worker.ready": .isReady
      case "worker.stopping": .stopping
      case "worker.exited": line["status"] == "79" ? .overdue : .exited
      case "worker.backoff": .backoff
      case EventWord.stuck: .stuck
      default: .otherWord
      }
  }
}

/// What a supervisor says about a process.
enum StationWord: Int, CaseIterable {
  case nothing
  case started
  case ready
  case stopping
  case killed
  case stuck
  case exited
  case backoff

  init?(_ line: Line) {
    switch line.word {
    case "worker.started": self = .started
    case "worker.ready": self = .ready
    case "worker.stopping": self = .stopping
    case "worker.killed": self = .killed
    case EventWord.stuck: self = .stuck
    case "worker.exited": self = .exited
    case "worker.backoff": self = .backoff
    default: return nil
    }
  }
}
