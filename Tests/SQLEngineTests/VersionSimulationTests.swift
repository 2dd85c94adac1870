import Glibc
import Synchronization
import TestSupport
import Testing
import Wire

@testable import SQLEngine

/// Whatever a writer does, equal versions mean equal data.
@Suite struct VersionSimulationTests {
  /// The data that each version has been seen with.
  private final class Observations: Sendable {
    private let data = Mutex<[String: String]>([:])
    let isWriting = Atomic(false)

    /// - Returns: whether this version was never seen with other data.
    func add(_ answer: Answer) -> Bool {
      guard case .rows = answer.outcome, let version = answer.version else { return false }
      return data.withLock { data in
        defer { data[version] = answer.text }
        return data[version] == nil || data[version] == answer.text
      }
    }

    var count: Int { data.withLock(\.count) }
  }

  private static let query =
    "select x, (select count(*) from t), (select group_concat(substr(x, 1, 8)) from t) from t where id=0"
  private static var seeds: Range<UInt64> {
    let count = getenv("XODB_SEEDS").flatMap { UInt64(String(cString: $0)) }
    return 0..<(count ?? 6)
  }

  @Test(arguments: seeds)
  func equalVersionsMeanEqualData(seed: UInt64) async throws {
    let fixture = Fixture()
    var writer = try RandomWriter(fixture, seed: seed)
    let seen = Observations()
    for _ in 0..<20 {
      try await writeAlone(&writer, fixture, seen)
      try await writeUnderReaders(&writer, fixture, seen)
      for _ in 0..<3 { try writer.step(hasReaders: false) }
    }
    #expect(seen.count > 200)
  }

  /// Looks between any two steps: nothing is missed, and the engines agree.
  private func writeAlone(
    _ writer: inout RandomWriter, _ fixture: Fixture, _ seen: Observations
  ) async throws {
    var first = try fixture.engine()
    var second = try fixture.engine()
    var last = first.ask("a", Self.query)
    for _ in 0..<20 {
      let number = writer.number
      try writer.step(hasReaders: true)
      let answer = first.ask("a", Self.query)
      #expect(seen.add(answer), "\(answer)")
      #expect(answer.text.hasPrefix("\(writer.number)\t"))
      #expect((writer.number == number) || answer.version != last.version)
      let other = second.ask("a", Self.query, ifVersion: answer.version)
      #expect(other.outcome == .unchanged && other.version == answer.version)
      #expect(first.version(of: "a") == answer.version)
      last = answer
      await Task.yield()
    }
  }

  private func writeUnderReaders(
    _ writer: inout RandomWriter, _ fixture: Fixture, _ seen: Observations
  ) async throws {
    seen.isWriting.store(true, ordering: .relaxed)
    try await withThrowingTaskGroup { group in
      for _ in 0..<2 {
        group.addTask {
          var engine = try fixture.engine()
          while seen.isWriting.load(ordering: .relaxed) {
            let answer = engine.ask("a", Self.query)
            #expect(seen.add(answer), "\(answer)")
            await Task.yield()
          }
        }
      }
      defer { seen.isWriting.store(false, ordering: .relaxed) }
      for _ in 0..<50 {
        try writer.step(hasReaders: true)
        await Task.yield()
      }
    }
  }
}
