/// How long a slot waits before its child is started again.
///
/// A child that has lived for a while is started again at once. One that dies early waits 100 ms,
/// the next time twice as long, up to 10 s, less up to half of it by chance, so that children that
/// died together do not come back together. It never gives up: that would turn a passing trouble
/// into an outage. One that had begun to work when it died counts like one that has lived for a
/// while: work that kills must not use up the patience with starts that fail.
package struct Backoff: Equatable, Sendable {
  /// Who has lived as long as this does not die of what was wrong at the start.
  package static let stableMilliseconds = 5000
  package static let firstMilliseconds = 100
  package static let maxMilliseconds = 10_000

  /// Early deaths in a row.
  package private(set) var earlyDeaths = 0

  package init() {}

  /// The delay in milliseconds after a death.
  /// - Parameters:
  ///   - lived: for how many microseconds; 0 for a child that could not be started.
  ///   - hasWorked: whether it had begun to work.
  package mutating func delay(
    lived: Int64, hasWorked: Bool = false, random: inout some RandomNumberGenerator
  ) -> Int {
    guard !hasWorked, lived < Int64(Self.stableMilliseconds) * 1000 else {
      earlyDeaths = 0
      return 0
    }
    let doubled = Self.firstMilliseconds << min(earlyDeaths, 16)
    earlyDeaths += 1
    let longest = min(doubled, Self.maxMilliseconds)
    return Int.random(in: longest / 2...longest, using: &random)
  }
}
