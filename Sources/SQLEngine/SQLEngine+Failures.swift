internal import SQLite
internal import Wire

extension RunError {
  var sqliteCode: ResultCode? {
    guard case .sqlite(let error, _) = self else { return nil }
    return error.code
  }
}

extension ResultCode {
  /// Whether it is better to open the file anew: it may be repaired by then.
  var saysFileIsBroken: Bool {
    switch self {
    case .corrupt, .notADatabase, .ioError, .cannotOpen: true
    default: false
    }
  }
}

extension SQLiteError {
  /// Whether the process, or the system, has too many files open.
  var isOutOfFiles: Bool {
    // Only with these codes the system's is of this error.
    [.cannotOpen, .ioError].contains(code) && SystemError(code: systemCode).isOutOfFiles
  }
}

extension SQLEngine {
  /// What the client is told.
  func failure(_ error: RunError, _ job: Job) -> Failure {
    switch error {
    case .refused(let failure): return failure
    case .expired(let why): return Self.expired(job, why)
    case .sqlite(let error, let offset):
      switch error.code {
      case .interrupt: return Self.expired(job)
      case .busy where clock.isOver: return Self.expired(job, error.message)
      case .busy: return Failure(.busy, error.message, retryMilliseconds: 100)
      case .denied: return Failure(.denied, error.message)
      case .tooBig: return Failure(.tooLarge, error.message)
      case .noMemory:
        return Failure(
          .tooLarge, "\(error.message): SQLite may use \(limits.memoryBytes >> 20) MiB")
      case _ where error.isOutOfFiles:
        return Failure(.sql, "\(error.message): \(SystemError(code: error.systemCode).description)")
      default:
        return Failure(.sql, error.message, offset: error.offset.map { $0 + offset })
      }
    }
  }

  private static func expired(_ job: Job, _ why: String? = nil) -> Failure {
    // How much time the request had in all, only the router knows.
    let message = "the deadline is over"
    return Failure(.deadline, why.map { "\(message): \($0)" } ?? message)
  }
}
