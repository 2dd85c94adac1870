#if canImport(Glibc)
private import Glibc
#endif

/// Numbers as text.
enum Numeral {
  /// How an infinity is written where a reader has only numbers: as one that is too large.
  static let infinity: StaticString = "9e999"

  /// Appends every digit.
  static func append(_ number: Int64, to output: inout ByteBuffer) {
    // 19 digits and a sign.
    output.append(atMost: 20) { end in
      var end = end
      if number < 0 {
        end.pointee = UInt8(ascii: "-")
        end += 1
      }
      var digits = 1
      var rest = number.magnitude
      while rest >= 10 {
        rest /= 10
        digits += 1
      }
      rest = number.magnitude
      for index in stride(from: digits - 1, through: 0, by: -1) {
        end[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      return end + digits
    }
  }

  /// Appends the shortest text that reads as this number again: `0.1`, `1e+20`, `-0.0`.
  ///
  /// It always has a `.` or an `e`, so no reader takes it for a whole number. The number must be
  /// finite.
  static func append(_ number: Double, to output: inout ByteBuffer) {
    var text = number.description
    text.withUTF8 { output.append(contentsOf: UnsafeRawBufferPointer($0)) }
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
