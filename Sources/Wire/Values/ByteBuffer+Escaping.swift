extension ByteBuffer {
  /// For so many bytes room is made at once, for the longest text that they can become.
  private static var pieceBytes: Int { 4096 }

  /// Appends bytes as they are, except for those that are marked.
  ///
  /// - Parameters:
  ///   - marks: see `ByteScan`.
  ///   - escapeSize: the most bytes that one becomes.
  ///   - escape: writes a marked byte and returns where that ends; nil to stop there.
  /// - Returns: how many of the bytes were appended.
  @inline(__always)
  mutating func append(
    _ bytes: UnsafeRawBufferPointer, marks: (UInt64) -> UInt64, escapeSize: Int,
    _ escape: (UInt8, UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>?
  ) -> Int {
    guard let start = bytes.baseAddress else { return 0 }
    var index = 0
    var isStopped = false
    while index < bytes.count && !isStopped {
      let pieceEnd = min(bytes.count, index + Self.pieceBytes)
      append(atMost: (pieceEnd - index) * escapeSize + ByteScan.slack) { end in
        var end = end
        while true {
          let plain = ByteScan.copy(start + index, count: pieceEnd - index, to: end, until: marks)
          index += plain
          end += plain
          guard index < pieceEnd else { return end }
          guard let next = escape(start.load(fromByteOffset: index, as: UInt8.self), end) else {
            isStopped = true
            return end
          }
          end = next
          index += 1
        }
      }
    }
    return index
  }
}
