#if canImport(Glibc)
private import Glibc
#endif

/// Numbers as text.
enum Numeral {
  /// No number of 64 bits has more.
  static let maxDigits = 20

  /// How an infinity is written where a reader has only numbers: as one that is too large.
  static let infinity: StaticString = "9e999"

  /// Appends every digit.
  static func append(_ number: Int64, to output: inout ByteBuffer) {
    // 19 digits and a sign.
    output.append(atMost: 20) { end in
      guard number < 0 else { return write(number.magnitude, to: end) }
      end.pointee = UInt8(ascii: "-")
      return write(number.magnitude, to: end + 1)
    }
  }

  /// Writes every digit, and returns where they end.
  @inline(__always)
  static func write(
    _ number: UInt64, to start: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    var rest = number
    let end = start + digitCount(rest)
    var digit = end
    while rest >= 100 {
      let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
      digit -= 2
      digit.update(from: pairs.utf8Start + 2 * Int(truncatingIfNeeded: pair), count: 2)
      rest = quotient
    }
    if rest >= 10 {
      (digit - 2).update(from: pairs.utf8Start + 2 * Int(truncatingIfNeeded: rest), count: 2)
    } else {
      (digit - 1).pointee = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest)
    }
    return end
  }

  /// The numbers from 0 to 99.
  private static let pairs: StaticString =
    """
    0001020304050607080910111213141516171819\
    2021222324252627282930313233343536373839\
    4041424344454647484950515253545556575859\
    6061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899
    """

  private static func digitCount(_ number: UInt64) -> Int {
    var count = 1
    var rest = number
    while rest >= 10_000 {
      rest /= 10_000
      count += 4
    }
    return count + (rest >= 10 ? 1 : 0) + (rest >= 100 ? 1 : 0) + (rest >= 1000 ? 1 : 0)
  }

  /// Appends the shortest text that reads as this number again: `0.1`, `1e+20`, `-0.0`.
  ///
  /// It always has a `.` or an `e`, so no reader takes it for a whole number. The number must be
  /// finite.
  static func append(_ number: Double, to output: inout ByteBuffer) {
    // No finite number has more than 24.
    output.append(atMost: 32) { end in
      var digits = Digits(end: end)
      number.write(to: &digits)
      return digits.end
    }
  }

  /// Takes what a number prints, without a string in between.
  private struct Digits: TextOutputStream {
    var end: UnsafeMutablePointer<UInt8>

    mutating func write(_ text: String) {
      var text = text
      text.withUTF8 { end = end.writing(UnsafeRawBufferPointer($0)) }
    }

    // The standard library calls this instead for what is ASCII.
    // swift-format-ignore: NoLeadingUnderscores
    mutating func _writeASCII(_ text: UnsafeBufferPointer<UInt8>) {
      end = end.writing(UnsafeRawBufferPointer(text))
    }
  }

  /// What SQLite 3.40 prints for a finite number, its `%!.15g`: `1.5`, `1.0e+20`, `0.1`.
  ///
  /// SQLite rounds with `long double` and can differ in the last digit for numbers that need more
  /// than 15 of them; a number read from 15 digits or fewer gives these again in both.
  static func sqliteText(_ number: Double) -> [UInt8] {
    var text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
      let count = withVaList([number]) { vsnprintf(buffer.baseAddress, buffer.count, "%.15g", $0) }
      return buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }
    }
    let mantissa = text.firstIndex(of: UInt8(ascii: "e")) ?? text.count
    if !text[..<mantissa].contains(UInt8(ascii: ".")) {
      text.insert(contentsOf: ".0".utf8, at: mantissa)
    }
    return text
  }
}
