internal import CZeroMQ

/// A message that was received: its frames, in the one heap block that the object is.
///
/// A payload of up to 33 bytes lives inside its `zmq_msg_t`, so the frames must not move while
/// anyone looks at their bytes; here they never do. Belongs to one thread, like its socket.
package final class Multipart: ManagedBuffer<Multipart.Header, Multipart.Slot> {
  package struct Header {
    let count: Int
    let size: Int
    let isTruncated: Bool
  }

  /// The place of a `zmq_msg_t`.
  package struct Slot {
    private let words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
  }

  // Not through `header`, for which exclusivity is checked although it never changes.
  private var constants: Header { withUnsafeMutablePointerToHeader { $0.pointee } }

  /// How many frames there are.
  package var count: Int { constants.count }

  /// The size of all frames in bytes.
  package var size: Int { constants.size }

  /// Whether the message had `Socket.maxFrames` frames or more; the last of them were dropped.
  package var isTruncated: Bool { constants.isTruncated }

  /// Takes the frames over, leaving `source` uninitialized.
  static func moving(
    _ source: UnsafeMutablePointer<zmq_msg_t>, _ header: Header
  ) -> Multipart {
    let message = unsafeDowncast(
      create(minimumCapacity: header.count) { _ in header }, to: Multipart.self)
    // As libzmq moves them itself, by their bytes.
    message.frames.moveInitialize(from: source, count: header.count)
    return message
  }

  deinit {
    for index in 0..<count { zmq_msg_close(frames + index) }
  }

  private var frames: UnsafeMutablePointer<zmq_msg_t> {
    withUnsafeMutablePointerToElements {
      UnsafeMutableRawPointer($0).assumingMemoryBound(to: zmq_msg_t.self)
    }
  }

  func pointer(_ index: Int) -> UnsafeMutablePointer<zmq_msg_t> {
    precondition(index >= 0 && index < count, "no such frame")
    return frames + index
  }

  /// The descriptor of the connection on which it came; nil when ZeroMQ does not say.
  package var descriptor: Int32? {
    // The first frame that a ROUTER gives is its own.
    let descriptor = zmq_msg_get(pointer(count - 1), ZMQ_SRCFD)
    return descriptor >= 0 ? descriptor : nil
  }

  /// Copies what it shares with a sender in this process, for whom it is unsent as long as anybody has it.
  package func detach() throws(ZMQError) {
    for index in 0..<count {
      let size = zmq_msg_size(frames + index)
      var copy = zmq_msg_t()
      guard zmq_msg_init_size(&copy, size) == 0 else {
        throw .last("copy a frame of \(size) bytes")
      }
      if size > 0 {
        zmq_msg_data(&copy).copyMemory(from: zmq_msg_data(frames + index), byteCount: size)
      }
      zmq_msg_move(frames + index, &copy)
      zmq_msg_close(&copy)
    }
  }

  /// The bytes of a frame. They are valid while the message is.
  package subscript(index: Int) -> UnsafeRawBufferPointer {
    let message = pointer(index)
    return UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message))
  }
}

/// Bytes that somebody keeps, to be looked at later or sent on: mostly a frame of a received message,
/// which is sent on without a copy.
package struct Frame {
  let keeper: AnyObject
  /// Which frame of a message it is, if it is a whole one.
  private let index: Int?
  /// They are there as long as the frame is.
  package let bytes: UnsafeRawBufferPointer
  /// What is kept for it, in bytes.
  package let keptSize: Int

  package init(_ message: Multipart, _ index: Int) {
    keeper = message
    self.index = index
    bytes = message[index]
    keptSize = message.size
  }

  /// - Parameters:
  ///   - bytes: which are there, and do not change, as long as their keeper is.
  ///   - keptSize: what that keeps in all, in bytes.
  package init(_ bytes: UnsafeRawBufferPointer, keptBy keeper: AnyObject, _ keptSize: Int) {
    self.keeper = keeper
    index = nil
    self.bytes = bytes
    self.keptSize = keptSize
  }

  package init(copying bytes: UnsafeRawBufferPointer) {
    let copy = Bytes.copying(bytes)
    self.init(
      UnsafeRawBufferPointer(start: copy.start, count: bytes.count), keptBy: copy, bytes.count)
  }

  /// The frame as libzmq has it, if it is a whole one.
  var message: UnsafeMutablePointer<zmq_msg_t>? {
    index.map { unsafeDowncast(keeper, to: Multipart.self).pointer($0) }
  }

  /// The size in bytes.
  package var count: Int { bytes.count }

  /// Some of its bytes, which it keeps.
  package func part(_ bytes: UnsafeRawBufferPointer) -> Frame {
    Frame(bytes, keptBy: keeper, keptSize)
  }

  /// The same bytes, without much that is kept for nothing else.
  package var compact: Frame {
    guard count < keptSize / 2 else { return self }
    return withBytes { Frame(copying: $0) }
  }

  package func withBytes<Result, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(keeper) {} }
    return try body(bytes)
  }
}

/// Bytes in one heap block.
private final class Bytes: ManagedBuffer<Void, UInt8> {
  var start: UnsafeMutablePointer<UInt8> { withUnsafeMutablePointerToElements { $0 } }

  static func copying(_ bytes: UnsafeRawBufferPointer) -> Bytes {
    let copy = unsafeDowncast(
      create(minimumCapacity: bytes.count) { _ in }, to: Bytes.self)
    UnsafeMutableRawBufferPointer(start: copy.start, count: bytes.count).copyMemory(from: bytes)
    return copy
  }
}

/// A frame to be sent.
package enum Part {
  /// Bytes, which are copied into the message.
  case bytes([UInt8])
  /// Likewise; they are there until the message was sent.
  case raw(UnsafeRawBufferPointer)
  /// A received frame, whose payload is shared.
  case frame(Frame)
  /// The empty frame between an envelope and what it carries.
  package static var delimiter: Part { .bytes([]) }

  /// The size in bytes.
  package var count: Int {
    switch self {
    case .bytes(let bytes): bytes.count
    case .raw(let bytes): bytes.count
    case .frame(let frame): frame.count
    }
  }

  package func withBytes<Value, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    switch self {
    case .bytes(let bytes):
      try bytes.withUnsafeBytes { bytes in
        Result { () throws(Failure) in try body(bytes) }
      }.get()
    case .raw(let bytes): try body(bytes)
    case .frame(let frame): try frame.withBytes(body)
    }
  }
}
