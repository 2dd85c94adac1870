extension Line: CustomStringConvertible {
  /// The line as text.
  package var description: String {
    bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// The line as it travels.
  package func encoded() -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }

  /// Likewise, where it lies: valid as long as the line is, and is not changed.
  package var content: UnsafeRawBufferPointer { bytes.withUnsafeBytes { $0 } }

  /// Likewise, where it lies.
  package func withBytes<Result, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try bytes.withUnsafeBytes(body)
  }

  /// The line itself, or with its values cut if it is longer than a line that comes from outside may be.
  package func abridged() -> Line {
    guard content.count > Self.maxLength else { return self }
    var line = Line(word)
    for field in fields {
      line.append(key: field.key, field.value.prefix(utf8Count: Self.maxAbridgedLength))
    }
    return line
  }

  /// In bytes: as many pairs as there may be, written as JSON, are no more than a line.
  private static let maxAbridgedLength = 128

  /// Adds a pair; a nil value adds nothing.
  package mutating func append(_ key: StaticString, _ value: String?) {
    guard let value else { return }
    bytes.append(UnsafeRawBufferPointer(key), value)
  }

  /// Adds a pair whose key is not known at compile time.
  package mutating func append(key: String, _ value: String) {
    var key = key
    key.withUTF8 { bytes.append(UnsafeRawBufferPointer($0), value) }
  }

  /// Adds a pair with a whole number; nil adds nothing. Each type has its own, because what is generic
  /// is not specialised for other modules.
  package mutating func append(_ key: StaticString, _ value: Int?) {
    append(key, value.map(Int64.init))
  }

  package mutating func append(_ key: StaticString, _ value: Int64?) {
    guard let value else { return }
    bytes.append(key, isNegative: value < 0, value.magnitude)
  }

  package mutating func append(_ key: StaticString, _ value: UInt64?) {
    guard let value else { return }
    bytes.append(key, isNegative: false, value)
  }

  /// The line with one more pair; a nil value adds nothing.
  package consuming func with(_ key: StaticString, _ value: String?) -> Line {
    append(key, value)
    return self
  }

  /// The line with one more pair; nil adds nothing.
  package consuming func with(_ key: StaticString, _ value: Int?) -> Line {
    append(key, value)
    return self
  }

  package consuming func with(_ key: StaticString, _ value: Int32?) -> Line {
    with(key, value.map(Int64.init))
  }

  package consuming func with(_ key: StaticString, _ value: Int64?) -> Line {
    append(key, value)
    return self
  }

  package consuming func with(_ key: StaticString, _ value: UInt64?) -> Line {
    append(key, value)
    return self
  }

  /// The line with the pairs of another one behind its own.
  package consuming func with(_ more: Fields) -> Line {
    more.withBytes { bytes.append(contentsOf: $0) }
    return self
  }
}

extension LineBytes {
  /// Appends ` key=value`.
  @inline(__always)
  fileprivate mutating func append(_ key: UnsafeRawBufferPointer, _ value: String) {
    var value = value
    value.withUTF8 { value in
      let value = UnsafeRawBufferPointer(value)
      if !append(key, bare: value) { append(key, quoted: value) }
    }
  }

  /// Returns whether that can be done, which is whether anything was appended.
  @inline(__always)
  private mutating func append(
    _ key: UnsafeRawBufferPointer, bare value: UnsafeRawBufferPointer
  ) -> Bool {
    guard let text = value.baseAddress, !value.isEmpty else { return false }
    var isBare = true
    append(atMost: key.count + value.count + 2 + ByteScan.slack) { start in
      let end = start.writing(key: key)
      let plain = ByteScan.copy(
        text, count: value.count, to: end, until: LineScanner.bareMarks)
      isBare = plain == value.count
      return isBare ? end + plain : start
    }
    return isBare
  }

  private mutating func append(_ key: UnsafeRawBufferPointer, quoted value: UnsafeRawBufferPointer)
  {
    var text = ByteBuffer()
    JSON.appendString(value, to: &text)
    append(atMost: key.count + text.count + 2) { $0.writing(key: key).writing(text.bytes) }
  }

  /// Appends ` key=number`.
  fileprivate mutating func append(_ key: StaticString, isNegative: Bool, _ magnitude: UInt64) {
    let key = UnsafeRawBufferPointer(key)
    append(atMost: key.count + Numeral.maxDigits + 3) { end in
      var end = end.writing(key: key)
      if isNegative {
        end.pointee = UInt8(ascii: "-")
        end += 1
      }
      return Numeral.write(magnitude, to: end)
    }
  }
}

extension UnsafeMutablePointer<UInt8> {
  /// Writes ` key=`.
  @inline(__always)
  fileprivate func writing(key: UnsafeRawBufferPointer) -> Self {
    pointee = UInt8(ascii: " ")
    let end = (self + 1).writing(key)
    end.pointee = UInt8(ascii: "=")
    return end + 1
  }
}

extension UnsafeRawBufferPointer {
  @inline(__always)
  init(_ text: StaticString) {
    self.init(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }
}

extension String {
  /// As many of the first characters as have so many bytes.
  func prefix(utf8Count: Int) -> String {
    guard utf8.count > utf8Count else { return self }
    var end = utf8.index(startIndex, offsetBy: utf8Count)
    // Not in the middle of a scalar, whose further bytes are 10xxxxxx.
    while utf8[end] & 0xc0 == 0x80 { end = utf8.index(before: end) }
    return String(self[..<end])
  }
}
