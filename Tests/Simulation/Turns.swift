/// Who was passed over how often by whom while he waited for his turn.
struct Turns {
  private var passed: [[UInt8]] = []

  /// So often one may be passed over by another: once because that one came first, and once for a
  /// turn of his own that nobody saw, as what he wanted was then found to have to wait.
  private static let bound = 2

  /// One has had his turn while others waited. Returns one of them who has thereby been passed over
  /// by him too often.
  mutating func took(_ one: Int, over others: some Sequence<Int>) -> Int? {
    hasHad(one)
    var loser: Int?
    for other in others where other != one {
      while passed.count <= other { passed.append([]) }
      while passed[other].count <= one { passed[other].append(0) }
      passed[other][one] += 1
      if passed[other][one] > Self.bound { loser = other }
    }
    return loser
  }

  /// One has had his turn, or has nothing to use it for.
  mutating func hasHad(_ one: Int) {
    guard one < passed.count, !passed[one].isEmpty else { return }
    passed[one].removeAll(keepingCapacity: true)
  }

  /// All others have nothing to use a turn for.
  mutating func keep(where isWaiting: (Int) -> Bool) {
    for one in passed.indices where !passed[one].isEmpty && !isWaiting(one) { hasHad(one) }
  }
}
