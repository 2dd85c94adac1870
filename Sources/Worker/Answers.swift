internal import Wire
internal import ZeroMQ

/// What was answered and not yet sent: for each request a line and its rows, in one buffer; only the
/// rows of the last one, which may be large, are still where they were rendered.
struct Answers: ~Copyable {
  private var buffer = ByteBuffer()
  /// Where each frame ends.
  private var ends: [Int] = []

  /// Without the rows of the last one, in bytes.
  var size: Int { buffer.count }

  /// Adds an answer's line.
  mutating func append(_ result: AttemptResult) {
    result.line.withBytes { buffer.append(contentsOf: $0) }
    ends.append(buffer.count)
  }

  /// Adds the rows of the last answer, if there is one, before another one comes.
  mutating func takeLast(_ rows: UnsafeRawBufferPointer) {
    guard !ends.isEmpty else { return }
    buffer.append(contentsOf: rows)
    ends.append(buffer.count)
  }

  /// The frames. They are valid until something is appended or removed.
  /// - Parameter rows: of the last answer, if they were not taken.
  func parts(last rows: UnsafeRawBufferPointer?) -> [Part] {
    var parts: [Part] = []
    parts.reserveCapacity(ends.count + 1)
    var start = 0
    for end in ends {
      parts.append(.raw(UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<end])))
      start = end
    }
    if let rows { parts.append(.raw(rows)) }
    return parts
  }

  /// - Parameter capacity: what is kept of the buffer, in bytes.
  mutating func removeAll(keeping capacity: Int) {
    buffer.removeAll(keeping: capacity)
    ends.removeAll(keepingCapacity: true)
  }
}
