internal import Wire

/// How many final answers there were.
struct AnswerCounts {
  /// With rows, or unchanged.
  var ok: UInt64 = 0
  var failed: [ErrorCode: UInt64] = [:]

  mutating func add(_ other: AnswerCounts) {
    ok += other.ok
    failed.merge(other.failed, uniquingKeysWith: +)
  }

  /// By the names under which they are shown.
  var named: [(name: String, count: UInt64)] {
    [("ok", ok)] + ErrorCode.allCases.map { ($0.rawValue, failed[$0] ?? 0) }
  }
}
