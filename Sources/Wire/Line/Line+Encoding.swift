extension Line: CustomStringConvertible {
  /// The line as text.
  package var description: String { String(decoding: bytes, as: UTF8.self) }

  /// The line as it travels.
  package func encoded() -> [UInt8] { bytes }

  /// Adds a pair; a nil value adds nothing.
  package mutating func append(_ key: String, _ value: String?) {
    guard let value else { return }
    bytes.append(key: key, value)
  }

  /// Adds a pair with a whole number; nil adds nothing. Each type has its own, because what is generic
  /// is not specialised for other modules.
  package mutating func append(_ key: String, _ value: Int?) { append(key, value.map(Int64.init)) }

  package mutating func append(_ key: String, _ value: Int64?) {
    guard let value else { return }
    bytes.append(key: key, isNegative: value < 0, magnitude: value.magnitude)
  }

  package mutating func append(_ key: String, _ value: UInt64?) {
    guard let value else { return }
    bytes.append(key: key, isNegative: false, magnitude: value)
  }

  /// The line with one more pair; a nil value adds nothing.
  package consuming func with(_ key: String, _ value: String?) -> Line {
    append(key, value)
    return self
  }

  /// The line with one more pair; nil adds nothing.
  package consuming func with(_ key: String, _ value: Int?) -> Line {
    append(key, value)
    return self
  }

  package consuming func with(_ key: String, _ value: Int32?) -> Line {
    with(key, value.map(Int64.init))
  }

  package consuming func with(_ key: String, _ value: Int64?) -> Line {
    append(key, value)
    return self
  }

  package consuming func with(_ key: String, _ value: UInt64?) -> Line {
    append(key, value)
    return self
  }

  /// The line with the pairs of another one behind its own.
  package consuming func with(_ more: Fields) -> Line {
    bytes.append(contentsOf: more.bytes)
    return self
  }
}

/// What lines are made of, at the end of bytes that may hold other things as well.
extension [UInt8] {
  /// Appends ` key=value`.
  mutating func append(key: String, _ value: String) {
    append(key: key)
    var value = value
    value.withUTF8 { value in
      if !value.isEmpty && value.allSatisfy(LineScanner.isBare) {
        append(contentsOf: value)
      } else {
        JSON.appendString(UnsafeRawBufferPointer(value), to: &self)
      }
    }
  }

  /// Appends ` key=number`.
  mutating func append(key: String, isNegative: Bool, magnitude: UInt64) {
    append(key: key)
    if isNegative { append(UInt8(ascii: "-")) }
    guard magnitude > 9 else { return append(UInt8(ascii: "0") + UInt8(magnitude)) }
    // 20 digits.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var start = digits.count
      var rest = magnitude
      while rest > 0 {
        start -= 1
        digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
    }
  }

  private mutating func append(key: String) {
    append(UInt8(ascii: " "))
    append(utf8: key)
    append(UInt8(ascii: "="))
  }

  mutating func append(utf8 text: String) {
    var text = text
    text.withUTF8 { append(contentsOf: $0) }
  }
}
