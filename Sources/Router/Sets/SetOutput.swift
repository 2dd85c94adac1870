internal import Toolkit
internal import Wire
internal import ZeroMQ

/// The rows of a query on several databases that are to be sent next: as a chunk, or all in one message.
struct SetOutput: ~Copyable {
  private var joint: RowJoint
  private var rows = ByteBuffer()

  init(_ format: Format) {
    joint = RowJoint(format)
  }

  /// In bytes.
  var count: Int { rows.count }

  /// Appends rows; fails when they do not fit to those before.
  /// - Parameter isFirst: whether a database's rows begin with them.
  mutating func append(_ part: Part, isFirst: Bool) throws(Failure) {
    try part.withBytes { bytes throws(Failure) in
      let start = isFirst ? try joint.start(of: bytes) : 0
      rows.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }
  }

  /// Takes out what there is.
  mutating func take() -> Part {
    // Of a large row nothing is kept while its reader is waited for.
    defer { rows.removeAll(keeping: 4 * Sets.chunkBytes) }
    return .frame(Frame(copying: rows.bytes))
  }
}
