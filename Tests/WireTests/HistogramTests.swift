import TestSupport
import Testing
import Wire

@Suite struct HistogramTests {
  @Test(arguments: 1...5) func percentilesAreWithinAnEighth(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var histogram = Histogram()
    var values: [Int64] = []
    for _ in 0..<5000 {
      let value = Int64.random(
        in: 0..<1 << Int64.random(in: 1...38, using: &random), using: &random)
      histogram.note(value)
      values.append(value)
    }
    values.sort()
    for share in [0.01, 0.5, 0.9, 0.99, 1.0] {
      let exact = values[max(0, Int((Double(values.count) * share).rounded(.up)) - 1)]
      let told = histogram.percentile(share)
      #expect(told >= exact && Double(told) <= Double(exact) * 1.126 + 1)
    }
    #expect(histogram.cumulative.last?.count == 5000)
  }

  @Test func manyAreCounted() {
    var histogram = Histogram()
    for _ in 0..<4 { histogram.note(300, 1 << 31) }
    histogram.note(5)
    #expect(histogram.count == 1 << 33 + 1)
    #expect(histogram.percentile(0.5) == 300)
    #expect(histogram.cumulative.last?.count == 1 << 33 + 1)
  }

  @Test func extremesAreCounted() {
    var histogram = Histogram()
    #expect(histogram.percentile(0.5) == 0)
    for value in [Int64.min, 0, 7, 8, Int64.max] { histogram.note(value) }
    #expect(histogram.percentile(0.001) == 0)
    #expect(histogram.percentile(0.6) == 7)
    #expect(histogram.percentile(0.8) == 8)
    // More than 12 days.
    #expect(histogram.percentile(1) == (1 << 40) - 1)
    #expect(histogram.max == .max)
  }
}
