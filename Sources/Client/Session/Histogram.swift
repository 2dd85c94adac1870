/// Times, counted in buckets that are at most an eighth of the time wide.
package struct Histogram: Sendable {
  private static let bitsInBucket = 3
  private var counts = [Int](repeating: 0, count: 64 << bitsInBucket)
  private var total = 0
  /// In microseconds, exactly.
  package private(set) var max: Int64 = 0

  package init() {}

  package mutating func add(microseconds: Int64) {
    let microseconds = Swift.max(0, microseconds)
    counts[Self.bucket(microseconds)] += 1
    total += 1
    max = Swift.max(max, microseconds)
  }

  /// The time, in microseconds, that so many of a thousand did not exceed; the upper end of its bucket.
  package func quantile(perMille: Int) -> Int64 {
    let rank = (total * perMille + 999) / 1000
    var seen = 0
    for (bucket, count) in counts.enumerated() {
      seen += count
      if seen >= rank && count > 0 { return min(Self.end(of: bucket), max) }
    }
    return max
  }

  /// The position of the highest bit, and the three bits behind it.
  private static func bucket(_ value: Int64) -> Int {
    let exponent = 63 - (value | 1).leadingZeroBitCount
    guard exponent >= bitsInBucket else { return Int(value) }
    let fraction = Int(value >> (exponent - bitsInBucket)) & (1 << bitsInBucket - 1)
    return (exponent - bitsInBucket + 1) << bitsInBucket | fraction
  }

  private static func end(of bucket: Int) -> Int64 {
    guard bucket >> bitsInBucket > 0 else { return Int64(bucket) }
    let shift = bucket >> bitsInBucket - 1
    let start = Int64(bucket & (1 << bitsInBucket - 1) | 1 << bitsInBucket)
    // The last one ends where the numbers do.
    return (start + 1) << shift &- 1
  }
}
