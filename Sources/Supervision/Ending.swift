package import Wire

/// How a process has ended.
package enum Ending: Equatable, Sendable {
  /// By itself, with this status.
  case status(Int32)
  /// By a signal: its name without SIG, and the system's words for it.
  case signal(String, String)

  /// In the system's words.
  package var description: String {
    switch self {
    case .status(let status): "exit status \(status)"
    case .signal(_, let words): words
    }
  }
}

extension Line {
  /// `status=N` or `signal=SEGV`.
  package func with(_ ending: Ending) -> Line {
    switch ending {
    case .status(let status): with("status", status)
    case .signal(let name, _): with("signal", name)
    }
  }
}
