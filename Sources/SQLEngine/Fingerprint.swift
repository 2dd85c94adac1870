/// A number of what it was given, the same in every process: others give others, but for a chance
/// of 1 in 2^64.
struct Fingerprint: Equatable {
  private(set) var value: UInt64 = 0

  /// Each step is one to one (it is SplitMix64's), so that a difference in one word always shows.
  mutating func add(_ word: UInt64) {
    value = (value ^ word) &+ 0x9e37_79b9_7f4a_7c15
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    value ^= value >> 31
  }

  mutating func add(_ number: Int64) {
    add(UInt64(bitPattern: number))
  }

  /// 13 digits of base 32, `0` to `v`: a text that short needs no memory of its own, and is copied often.
  var text: String {
    String(unsafeUninitializedCapacity: 13) { buffer in
      for index in 0..<13 {
        let digit = UInt8(truncatingIfNeeded: value >> (60 - 5 * index)) & 0x1f
        buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
      }
      return 13
    }
  }
}
