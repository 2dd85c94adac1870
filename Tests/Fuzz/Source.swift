import TestSupport
import Wire

/// Where the inputs of a case come from: real traffic, what was mutated of it, and random bytes. The
/// same ones come again with the seed.
struct Source {
  var random: SeededRandom
  /// To be called with each input before it is used.
  let trace: ([UInt8]) -> Void

  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

  mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }

  /// Random bytes; most are few.
  mutating func bytes() -> [UInt8] {
    let count = below(chance(95) ? 40 : 3000)
    let isText = chance(50)
    return (0..<count).map { _ in
      isText ? UInt8(below(95) + 32) : UInt8.random(in: .min ... .max, using: &random)
    }
  }

  /// One of the samples as it is, mutated, or random bytes instead.
  mutating func input(like samples: [[UInt8]]) -> [UInt8] {
    var input: [UInt8]
    switch below(20) {
    case 0..<3: input = pick(samples)
    case 3..<5: input = bytes()
    default:
      input = pick(samples)
      for _ in 0...below(4) { mutate(&input, samples) }
    }
    // What an endless mutation of mutations would come to.
    if input.count > 100_000 { input.removeSubrange(100_000...) }
    return input
  }
}
