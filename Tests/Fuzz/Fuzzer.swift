import TestSupport
import Wire

/// Runs cases by their numbers, each of which is the same whenever it is run with the same seed.
struct Fuzzer: ~Copyable {
  private let seed: UInt64
  private let broker: BrokerTarget
  private let session: SessionTarget

  init(seed: UInt64) throws {
    let first = try Pipe()
    let second = try Pipe()
    self.seed = seed
    broker = BrokerTarget(first)
    session = SessionTarget(second)
  }

  /// - Parameter trace: called with each input before it is used.
  func run(_ number: UInt64, trace: @escaping ([UInt8]) -> Void = { _ in }) throws(Finding) {
    var random = SeededRandom(seed: seed &+ number &* 0xda94_2042_e4dd_58b5)
    _ = random.next()
    var source = Source(random: random, trace: trace)
    switch number % 20 {
    case 0..<5: try LineTarget.run(&source)
    case 5..<10: try MessageTarget.run(&source)
    case 10..<13: try ParametersTarget.run(&source)
    case 13..<16: try RowsTarget.run(&source)
    case 16, 17: try SplitterTarget.run(&source)
    case 18: try session.run(&source)
    default: try broker.run(&source)
    }
  }
}
