internal import CZeroMQ

/// A message is sent whole or not at all, and without blocking: its first frame decides for all that
/// follow. These are taken by a connection that ends meanwhile, too.
extension Socket {
  /// What became of a message that was to be sent.
  package enum SendOutcome {
    case sent
    /// The peer's queue is full.
    case wouldBlock
    /// A ROUTER has no such peer (any more).
    case unreachable
  }

  /// Sends a message of at least one frame.
  package func send(_ parts: [Part]) throws(ZMQError) -> SendOutcome {
    for (index, part) in parts.enumerated() {
      let isLast = index + 1 == parts.count
      if index == 0 {
        let outcome = try begin(part, isLast: isLast)
        guard outcome == .sent else { return outcome }
      } else {
        try add(part, isLast: isLast)
      }
    }
    return .sent
  }

  /// Sends the first frame of a message, which is copied. Once it is sent, the others have to be
  /// added before anything else is done with the socket; otherwise there is no message.
  package func begin(
    _ bytes: UnsafeRawBufferPointer, isLast: Bool = false
  ) throws(ZMQError) -> SendOutcome {
    try outcome(send(bytes, isLast))
  }

  package func begin(_ bytes: [UInt8], isLast: Bool = false) throws(ZMQError) -> SendOutcome {
    try outcome(bytes.withUnsafeBytes { send($0, isLast) })
  }

  package func begin(_ part: Part, isLast: Bool) throws(ZMQError) -> SendOutcome {
    switch part {
    case .bytes(let bytes): try begin(bytes, isLast: isLast)
    case .raw(let bytes): try begin(bytes, isLast: isLast)
    case .frame(let frame): try outcome(send(frame, isLast))
    }
  }

  /// Sends the next frame, which is copied, of a message that was begun.
  package func add(_ bytes: UnsafeRawBufferPointer, isLast: Bool) throws(ZMQError) {
    guard send(bytes, isLast) >= 0 else { throw .last("send") }
  }

  /// Sends the next frame, which is copied, of a message that was begun.
  package func add(_ bytes: [UInt8], isLast: Bool) throws(ZMQError) {
    guard bytes.withUnsafeBytes({ send($0, isLast) }) >= 0 else { throw .last("send") }
  }

  /// Sends the next frame of a message that was begun.
  package func add(_ frame: Frame, isLast: Bool) throws(ZMQError) {
    guard send(frame, isLast) >= 0 else { throw .last("send") }
  }

  /// Likewise; libzmq's share of the payload is counted until it has left.
  package func add(_ frame: Frame, isLast: Bool, countedBy count: UnsentBytes) throws(ZMQError) {
    var message = try frame.counted(by: count)
    guard send(&message, isLast) >= 0 else { throw .last("send") }
  }

  package func add(_ part: Part, isLast: Bool) throws(ZMQError) {
    switch part {
    case .bytes(let bytes): try add(bytes, isLast: isLast)
    case .raw(let bytes): try add(bytes, isLast: isLast)
    case .frame(let frame): try add(frame, isLast: isLast)
    }
  }

  private func outcome(_ result: Int32) throws(ZMQError) -> SendOutcome {
    guard result < 0 else { return .sent }
    let error = ZMQError.last("send")
    switch error.code {
    case ZMQError.wouldBlock: return .wouldBlock
    case ZMQError.hostUnreachable: return .unreachable
    default: throw error
    }
  }

  private func send(_ bytes: UnsafeRawBufferPointer, _ isLast: Bool) -> Int32 {
    let flags = ZMQ_DONTWAIT | (isLast ? 0 : ZMQ_SNDMORE)
    return retryingInterrupts { zmq_send(handle, bytes.baseAddress, bytes.count, flags) }
  }

  private func send(_ frame: Frame, _ isLast: Bool) -> Int32 {
    defer { withExtendedLifetime(frame.keeper) {} }
    guard let whole = frame.message else { return send(frame.bytes, isLast) }
    var message = zmq_msg_t()
    zmq_msg_init(&message)
    zmq_msg_copy(&message, whole)
    return send(&message, isLast)
  }

  private func send(_ message: inout zmq_msg_t, _ isLast: Bool) -> Int32 {
    let flags = ZMQ_DONTWAIT | (isLast ? 0 : ZMQ_SNDMORE)
    let result = retryingInterrupts { zmq_msg_send(&message, handle, flags) }
    if result < 0 {
      // The close must not hide why the send failed.
      let code = errnoValue()
      zmq_msg_close(&message)
      setErrno(code)
    }
    return result
  }
}
