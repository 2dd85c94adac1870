import Synchronization
import Toolkit

/// Many seeds, shared out among threads.
final class Campaign: Sendable {
  private struct Progress {
    var next: UInt64
    var done = 0
    var steps = 0
    var counts: [Transition: UInt64] = [:]
    /// The lowest seed that has failed.
    var failed: UInt64?
  }

  private let seeds: Range<UInt64>
  private let steps: Int
  private let progress: Mutex<Progress>

  init(seeds: Range<UInt64>, steps: Int) {
    self.seeds = seeds
    self.steps = steps
    progress = Mutex(Progress(next: seeds.lowerBound))
  }

  /// Runs them all, or until one has failed.
  func run(threads: Int) throws(ToolError) {
    let other = threads > 1 ? try Thread("seeds") { self.work() } : nil
    work()
    other?.join()
  }

  private func work() {
    let coverage = Coverage()
    while let seed = take() {
      var world = World(seed: seed, coverage: coverage)
      do {
        try world.run(steps: steps)
        finish(world.steps)
      } catch {
        fail(seed)
      }
    }
    progress.withLock { $0.counts.merge(coverage.counts, uniquingKeysWith: +) }
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

  private func fail(_ seed: UInt64) {
    progress.withLock { $0.failed = min($0.failed ?? seed, seed) }
  }

  // MARK: Results

  /// So many seeds take every transition; from then on one that was not taken is a failure.
  private static let enough = 10_000

  /// Prints what was done; throws what has failed.
  func report(milliseconds: Int, isDetailed: Bool) throws {
    let progress = progress.withLock { $0 }
    if let seed = progress.failed { throw replay(seed) }
    let missing = Transition.all.filter { progress.counts[$0] == nil }.sorted()
    if isDetailed {
      for transition in Transition.all.union(progress.counts.keys).sorted() {
        print(transition, progress.counts[transition] ?? 0)
      }
    }
    let taken = Transition.all.count - missing.count
    let perSecond = milliseconds > 0 ? progress.steps * 1000 / milliseconds : 0
    print(
      "\(progress.done) seeds, \(progress.steps) steps, \(milliseconds) ms, "
        + "\(perSecond) steps/s, \(taken) of \(Transition.all.count) transitions taken")
    guard progress.done >= Self.enough, !missing.isEmpty else { return }
    let names = missing.map(\.description).joined(separator: "; ")
    throw ToolError("simulate", "never taken: \(names)", .crashed)
  }

  /// Runs a seed again, to tell what led to its failure.
  private func replay(_ seed: UInt64) -> ToolError {
    let history = History()
    var world = World(seed: seed, coverage: Coverage(), history: history)
    let again = "xodb-simulate --first \(seed) --seeds 1 --steps \(steps)"
    do {
      try world.run(steps: steps)
      return ToolError("seed \(seed)", "it failed once, and not a second time", .crashed)
    } catch {
      for line in history.last { print(line.replacing("xodb_simulate.", with: "")) }
      let what = (error as? Violation)?.what ?? "\(error)"
      return ToolError(
        "seed \(seed), step \(world.steps)", "\(what); again with: \(again)", .crashed)
    }
  }
}
