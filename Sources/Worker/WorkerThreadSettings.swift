package import Wire

/// How the threads of a process appear to others.
package struct WorkerThreadSettings: Sendable {
  /// Who they are together: `workers-1` has the threads `workers-1.1`, `workers-1.2`, …
  package var process: Member
  package var supervisor: String?
  /// Hangs up when the supervisor is gone.
  package var lifeline: Int32?
  package var count: Int
  /// For so long files are not watched, so that the process can end at once.
  package var watchDelayMilliseconds = 0

  package init(_ process: Member, count: Int) {
    self.process = process
    self.count = count
  }
}
