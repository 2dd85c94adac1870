internal import Wire
internal import ZeroMQ

/// What was answered and not yet sent: for each request a line and its rows, as netstrings; only the
/// rows of the last one, which may be large, are still where they were rendered.
struct Answers: ~Copyable {
  private var buffer = ByteBuffer()
  /// Whether the rows of the last line are not in it.
  private var lacksRows = false

  /// Without the rows of the last one, in bytes.
  var size: Int { buffer.count }

  /// Adds an answer's line.
  mutating func append(_ line: Line) {
    buffer.append(netstring: line)
    lacksRows = true
  }

  /// Adds the rows of the last answer, if there is one, before another one comes.
  mutating func takeLast(_ rows: UnsafeRawBufferPointer) {
    guard lacksRows else { return }
    buffer.append(netstring: rows)
    lacksRows = false
  }

  /// The frames, none without answers. They are valid until something is appended or removed.
  /// - Parameter rows: of the last answer, if they were not taken.
  func parts(last rows: UnsafeRawBufferPointer?) -> [Part] {
    guard buffer.count > 0 else { return [] }
    guard let rows else { return [.raw(buffer.bytes)] }
    return [.raw(buffer.bytes), .raw(rows)]
  }

  /// - Parameter capacity: what is kept of the buffer, in bytes.
  mutating func removeAll(keeping capacity: Int) {
    buffer.removeAll(keeping: capacity)
    lacksRows = false
  }
}
