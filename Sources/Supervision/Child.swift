import Wire

/// A process that was started and has not ended.
struct Child: Sendable {
  /// Why it is to end.
  enum Stop: Sendable {
    /// It was told to, and has until then.
    case asked(killAt: Instant)
    /// It was killed, for this reason.
    case killed(why: String)
  }

  let pid: Int32
  let startedAt: Instant
  /// It has said so.
  var isReady = false
  /// Nil as long as it is to live.
  var stop: Stop?

  init(pid: Int32, startedAt: Instant) {
    self.pid = pid
    self.startedAt = startedAt
  }

  /// Why it ended, for people.
  func explanation(of ending: Ending) -> String {
    switch stop {
    case nil: ending.description
    case .asked: "stopped: \(ending.description)"
    case .killed(let why): "killed: \(why)"
    }
  }
}
