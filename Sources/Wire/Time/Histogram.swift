/// How often times were measured, in microseconds: buckets of which each is an eighth wider than a
/// power of two's, so that a percentile is known within 12.5 %.
package struct Histogram: Sendable {
  private static let subBits = 3
  private static let subBuckets = 1 << subBits
  /// Longer times, of more than 12 days, count as that.
  private static let maxBits = 40

  private var counts = [UInt64](repeating: 0, count: subBuckets * (maxBits - subBits + 1))
  package private(set) var count: UInt64 = 0
  /// Exactly.
  package private(set) var max: Int64 = 0

  package init() {}

  /// - Parameter times: how often it was measured.
  package mutating func note(_ microseconds: Int64, _ times: Int = 1) {
    let value = Swift.max(0, microseconds)
    counts[Self.bucket(of: value)] += UInt64(times)
    count += UInt64(times)
    max = Swift.max(max, value)
  }

  package mutating func add(_ other: Histogram) {
    for index in counts.indices { counts[index] += other.counts[index] }
    count += other.count
    max = Swift.max(max, other.max)
  }

  /// The time that this share of all did not exceed; 0 when there are none.
  package func percentile(_ share: Double) -> Int64 {
    let wanted = Swift.max(1, UInt64((Double(count) * share).rounded(.up)))
    var seen: UInt64 = 0
    for (index, number) in counts.enumerated() {
      seen += number
      if seen >= wanted { return min(max, Self.bound(of: index)) }
    }
    return 0
  }

  /// How many did not exceed each power of two, for those powers below which there are any.
  package var cumulative: [(bound: Int64, count: UInt64)] {
    var result: [(bound: Int64, count: UInt64)] = []
    var seen: UInt64 = 0
    for (index, number) in counts.enumerated() {
      seen += number
      let bound = Self.bound(of: index) + 1
      guard bound & (bound - 1) == 0, seen > result.last?.count ?? 0 else { continue }
      result.append((bound - 1, seen))
    }
    return result
  }

  private static func bucket(of value: Int64) -> Int {
    let value = min(value, (1 << maxBits) - 1)
    guard value >= subBuckets else { return Int(value) }
    let exponent = Int64.bitWidth - 1 - value.leadingZeroBitCount
    let sub = Int(value >> (exponent - subBits)) - subBuckets
    return (exponent - subBits + 1) * subBuckets + sub
  }

  /// The largest time that falls into a bucket.
  private static func bound(of bucket: Int) -> Int64 {
    guard bucket >= subBuckets else { return Int64(bucket) }
    let shift = bucket / subBuckets - 1
    return Int64(bucket % subBuckets + subBuckets + 1) << shift - 1
  }
}
