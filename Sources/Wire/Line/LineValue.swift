/// A value where it lies in a line, with its quotes if it has any.
package struct LineValue {
  private let bytes: UnsafeRawBufferPointer

  /// - Parameter bytes: as the grammar has them; they must outlive it.
  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// In bytes, with its quotes.
  var count: Int { bytes.count }

  /// Where it stands in its line.
  func offset(in line: UnsafeRawBufferPointer) -> Int {
    guard let start = bytes.baseAddress, let lineStart = line.baseAddress else { return 0 }
    return start - lineStart
  }

  private var isQuoted: Bool { bytes.first == UInt8(ascii: "\"") }

  /// Whether it would be written with the same bytes.
  var isCanonical: Bool { !isQuoted && !bytes.isEmpty }

  package var text: String {
    isQuoted ? unquoted : String(ofValid: bytes)
  }

  private var unquoted: String {
    var reader = ByteReader(bytes)
    // It was read before.
    return (try? JSON.string(&reader)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// The whole number that it is, nil when it is none or does not fit.
  package var int: Int? { integer() }
  package var int64: Int64? { integer() }
  package var uint64: UInt64? { integer() }

  @inline(__always)
  private func integer<Integer: FixedWidthInteger>() -> Integer? {
    if let number = fewDigits { return Integer(exactly: number) }
    guard !isQuoted else { return Integer(unquoted) }
    var digits = bytes[...]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
    guard !digits.isEmpty else { return nil }
    var number: Integer = 0
    for byte in digits {
      let digit = byte &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
      let (sum, carries) =
        isNegative
        ? product.subtractingReportingOverflow(Integer(digit))
        : product.addingReportingOverflow(Integer(digit))
      if isTooLarge || carries { return nil }
      number = sum
    }
    return number
  }

  /// The number that it is if it has up to 18 digits and no sign, as most have.
  private var fewDigits: Int64? {
    guard 1...18 ~= bytes.count else { return nil }
    var number: Int64 = 0
    for byte in bytes {
      let digit = byte &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      number = number &* 10 &+ Int64(digit)
    }
    return number
  }

  package static func == (value: LineValue, text: StaticString) -> Bool {
    value.isQuoted ? value.unquoted == text.description : value.bytes.isEqual(to: text)
  }
}

extension UnsafeRawBufferPointer {
  @inline(__always)
  func isEqual(to text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for index in 0..<count where self[index] != text.utf8Start[index] { return false }
    return true
  }
}

extension String {
  /// The text of bytes that are known to be UTF-8.
  init(ofValid bytes: UnsafeRawBufferPointer) {
    self = String(decoding: bytes, as: UTF8.self)
  }
}
