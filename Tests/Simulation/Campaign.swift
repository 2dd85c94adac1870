import Synchronization
import Toolkit

/// What is simulated from a seed.
enum Kind: String, CaseIterable {
  /// One broker, with all that is around it.
  case cluster
  /// Several brokers that know each other.
  case circle
}

/// Many seeds, shared out among threads.
final class Campaign: Sendable {
  private struct Progress {
    var next: UInt64
    var done = 0
    var steps = 0
    var counts: [Transition: UInt64] = [:]
    var sights: [CircleCoverage.Sight: UInt64] = [:]
    /// The lowest seed that has failed, and of which world.
    var failed: (seed: UInt64, world: Kind)?
  }

  private let seeds: Range<UInt64>
  private let steps: Int
  private let kinds: [Kind]
  private let progress: Mutex<Progress>

  /// - Parameter kind: nil for all.
  init(seeds: Range<UInt64>, steps: Int, kind: Kind?) {
    self.seeds = seeds
    self.steps = steps
    kinds = kind.map { [$0] } ?? Kind.allCases
    progress = Mutex(Progress(next: seeds.lowerBound))
  }

  /// Runs them all, or until one has failed.
  func run(threads: Int) throws(ToolError) {
    let other = threads > 1 ? try Thread("seeds") { self.work() } : nil
    work()
    other?.join()
  }

  private func work() {
    let (coverage, circleCoverage) = (Coverage(), CircleCoverage())
    while let seed = take() {
      var done = 0
      for kind in kinds {
        do {
          switch kind {
          case .cluster:
            var world = World(seed: seed, coverage: coverage)
            try world.run(steps: steps)
            done += world.steps
          case .circle:
            var world = CircleWorld(seed: seed, coverage: circleCoverage)
            try world.run(steps: steps)
            done += world.steps
          }
        } catch {
          fail(seed, kind)
        }
      }
      finish(done)
    }
    progress.withLock {
      $0.counts.merge(coverage.counts, uniquingKeysWith: +)
      $0.sights.merge(circleCoverage.counts, uniquingKeysWith: +)
    }
  }

  private func take() -> UInt64? {
    progress.withLock { progress in
      guard progress.failed == nil, seeds.contains(progress.next) else { return nil }
      defer { progress.next += 1 }
      return progress.next
    }
  }

  private func finish(_ steps: Int) {
    progress.withLock {
      $0.done += 1
      $0.steps += steps
    }
  }

  private func fail(_ seed: UInt64, _ kind: Kind) {
    progress.withLock { progress in
      if let failed = progress.failed, failed.seed <= seed { return }
      progress.failed = (seed, kind)
    }
  }

  // MARK: Results

  /// So many seeds take every transition; from then on one that was not taken is a failure.
  private static let enough = 10_000

  /// Prints what was done; throws what has failed.
  func report(milliseconds: Int, isDetailed: Bool) throws {
    let progress = progress.withLock { $0 }
    if let (seed, kind) = progress.failed { throw replay(seed, kind) }
    var (all, missing): (Int, [String]) = (0, [])
    func count(_ name: String, _ times: UInt64?, isToBeSeen: Bool) {
      if isDetailed { print(name, times ?? 0) }
      guard isToBeSeen else { return }
      all += 1
      if times == nil { missing.append(name) }
    }
    if kinds.contains(.cluster) {
      for transition in Transition.all.union(progress.counts.keys).sorted() {
        count(
          transition.description, progress.counts[transition],
          isToBeSeen: Transition.all.contains(transition))
      }
    }
    if kinds.contains(.circle) {
      for sight in CircleCoverage.Sight.allCases {
        count("circle \(sight)", progress.sights[sight], isToBeSeen: true)
      }
    }
    let perSecond = milliseconds > 0 ? progress.steps * 1000 / milliseconds : 0
    print(
      "\(progress.done) seeds, \(progress.steps) steps, \(milliseconds) ms, "
        + "\(perSecond) steps/s, \(all - missing.count) of \(all) transitions taken")
    guard progress.done >= Self.enough, !missing.isEmpty else { return }
    throw ToolError("simulate", "never taken: \(missing.joined(separator: "; "))", .crashed)
  }

  /// Runs a seed again, to tell what led to its failure.
  private func replay(_ seed: UInt64, _ kind: Kind) -> ToolError {
    let history = History()
    var step = 0
    do {
      switch kind {
      case .cluster:
        var world = World(seed: seed, coverage: Coverage(), history: history)
        defer { step = world.steps }
        try world.run(steps: steps)
      case .circle:
        var world = CircleWorld(seed: seed, coverage: CircleCoverage(), history: history)
        defer { step = world.steps }
        try world.run(steps: steps)
      }
      return ToolError("seed \(seed)", "it failed once, and not a second time", .crashed)
    } catch {
      for line in history.last { print(line.replacing("xodb_simulate.", with: "")) }
      let what = (error as? Violation)?.what ?? "\(error)"
      let again = "xodb-simulate --first \(seed) --seeds 1 --steps \(steps) --world \(kind)"
      return ToolError("seed \(seed), step \(step)", "\(what); again with: \(again)", .crashed)
    }
  }
}
