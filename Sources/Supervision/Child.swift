import Wire

/// A process that was started and has not ended.
struct Child: Sendable {
  /// Why it is to end.
  enum Stop: Sendable {
    /// It was told to, and has until then.
    case asked(killAt: Instant)
    /// It was killed, for this reason, and counts as stuck from then on.
    case killed(why: String, stuckAt: Instant)
  }

  /// Whether that is no accident: it was announced, and somebody wanted it.
  private(set) var wasAsked = false
  let pid: Int32
  let startedAt: Instant
  /// What it has said so far.
  private(set) var said: Set<Notice> = []
  /// For how many microseconds it has not said that it is alive; nil for one that never has, unless
  /// it is stopped and so cannot.
  private(set) var silence: Int64?
  /// Whether it has said so since the last pulse.
  private var hasSpoken = false
  /// Whether a signal has stopped it.
  var isSuspended = false {
    didSet { if !said.contains(.alive) { silence = isSuspended ? 0 : nil } }
  }
  /// Nil as long as it is to live.
  var stop: Stop? {
    didSet { if case .asked = stop { wasAsked = true } }
  }

  init(pid: Int32, startedAt: Instant) {
    self.pid = pid
    self.startedAt = startedAt
  }

  var isReady: Bool { said.contains(.ready) }

  mutating func hear(_ notice: Notice) {
    said.insert(notice)
    if notice == .alive { hasSpoken = true }
  }

  /// Counts the time since the last pulse, in microseconds.
  mutating func pulse(_ time: Int64) {
    silence = hasSpoken ? 0 : silence.map { $0 + time }
    hasSpoken = false
  }

  /// Why it ended, for people.
  func explanation(of ending: Ending) -> String {
    switch stop {
    case nil: ending.description
    case .asked: "stopped: \(ending.description)"
    case .killed(let why, _): "killed: \(why)"
    }
  }
}
