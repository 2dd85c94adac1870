internal import Wire

/// The rows of a query on several databases, as they go on: chunk by chunk, or all in one message.
struct SetOutput {
  enum Passing {
    case passed
    /// This database's rows do not fit to those before. Nothing of them was passed on.
    case refused(Failure)
    /// No more can be passed on of any.
    case ended(Failure)
  }

  private var joint: RowJoint
  private let chunkBytes: Int?
  private let maxBytes: Int

  /// - Parameter maxBytes: of one message.
  init(_ format: Format, chunkBytes: Int?, maxBytes: Int) {
    joint = RowJoint(format)
    self.chunkBytes = chunkBytes
    self.maxBytes = maxBytes
  }

  /// Appends rows, and sends what has been appended when that is a chunk.
  /// - Parameters:
  ///   - isFirst: whether a result begins with them.
  ///   - send: takes a chunk and `keepsWritersOut`; returns whether anybody wants more.
  mutating func pass(
    _ rows: UnsafeRawBufferPointer, isFirst: Bool, keepsWritersOut: Bool = false,
    into body: inout ByteBuffer, _ send: (UnsafeRawBufferPointer, Bool) -> Bool
  ) -> Passing {
    var start = 0
    if isFirst {
      do throws(Failure) {
        start = try joint.start(of: rows)
      } catch {
        return .refused(error)
      }
    }
    body.append(contentsOf: UnsafeRawBufferPointer(rebasing: rows[start...]))
    guard let chunkBytes else {
      return body.count <= maxBytes
        ? .passed
        : .ended(Failure(.tooLarge, "the answer is larger than \(maxBytes) bytes"))
    }
    guard body.count >= chunkBytes else { return .passed }
    guard send(body.bytes, keepsWritersOut) else {
      return .ended(Failure(.cancelled, "nobody wants more of it"))
    }
    body.removeAll()
    return .passed
  }
}
