/// What is wrong with a line, and at which byte.
package struct LineError: Error, Equatable, CustomStringConvertible {
  /// In bytes: it may quote what came.
  private static let maxWhyLength = 256

  package let why: String
  package let offset: Int

  package init(why: String, offset: Int) {
    self.why = why.prefix(utf8Count: Self.maxWhyLength)
    self.offset = offset
  }

  package var description: String { "\(why) at byte \(offset) of the line" }
}

extension Line {
  /// Reads a line as it travels.
  package init(parsing bytes: UnsafeRawBufferPointer) throws(LineError) {
    self = try LineView(parsing: bytes).line
  }

  /// Reads a line from bytes of our own.
  package init(parsing bytes: [UInt8]) throws(LineError) {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(LineError) in try Line(parsing: bytes) }
    }
    self = try result.get()
  }
}
