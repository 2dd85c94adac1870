internal import CZeroMQ

/// A ZeroMQ socket, closed when it goes out of scope. It belongs to one thread.
package struct Socket: ~Copyable {
  package enum Kind: Sendable {
    case router
    case dealer
    case request
    case publish
    case subscribe
    case pair

    fileprivate var code: Int32 {
      switch self {
      case .router: ZMQ_ROUTER
      case .dealer: ZMQ_DEALER
      case .request: ZMQ_REQ
      case .publish: ZMQ_XPUB
      case .subscribe: ZMQ_SUB
      case .pair: ZMQ_PAIR
      }
    }
  }

  /// A message of so many frames or more is cut before that, and marked so.
  package static let maxFrames = 1024

  let inner: InnerSocket
  private let context: Context
  private let scratch: UnsafeMutablePointer<zmq_msg_t>

  /// A socket that, when closed, drops at once what it could not send (LINGER 0).
  package init(_ kind: Kind, in context: Context) throws(ZMQError) {
    guard let handle = zmq_socket(context.handle, kind.code) else {
      throw .last("open \(kind) socket")
    }
    var linger: Int32 = 0
    zmq_setsockopt(handle, ZMQ_LINGER, &linger, MemoryLayout<Int32>.size)
    inner = InnerSocket(handle)
    self.context = context
    scratch = .allocate(capacity: Self.maxFrames)
  }

  deinit {
    scratch.deallocate()
    close()
  }

  /// Closes it early; then it must not be used any more.
  func close() { inner.close() }

  var isClosed: Bool { inner.isClosed }

  /// For libzmq's functions.
  var handle: UnsafeMutableRawPointer { inner.handle }

  /// Binds it. The path of an `ipc:` endpoint may be that of a socket on which nobody listens any more.
  package func bind(_ endpoint: String) throws(ZMQError) {
    if let path = LocalPath(endpoint) {
      // libzmq would unlink whatever is there.
      if path.isTaken { throw ZMQError(code: ZMQError.exists, operation: "bind \(endpoint)") }
      if path.staysInUse {
        throw ZMQError(code: ZMQError.addressInUse, operation: "bind \(endpoint)")
      }
    }
    guard zmq_bind(handle, endpoint) == 0 else { throw .last("bind \(endpoint)") }
  }

  package func connect(_ endpoint: String) throws(ZMQError) {
    guard zmq_connect(handle, endpoint) == 0 else { throw .last("connect to \(endpoint)") }
  }

  package func disconnect(_ endpoint: String) throws(ZMQError) {
    guard zmq_disconnect(handle, endpoint) == 0 else {
      throw .last("disconnect from \(endpoint)")
    }
  }

  /// Receives a message, or nothing when there is none yet. Never blocks.
  package func receive() throws(ZMQError) -> Multipart? {
    var count = 0
    var size = 0
    var isTruncated = false
    while true {
      zmq_msg_init(scratch + count)
      // libzmq delivers messages whole: after the first frame the others are there.
      let result = retryingInterrupts { zmq_msg_recv(scratch + count, handle, ZMQ_DONTWAIT) }
      guard result >= 0 else {
        let error = ZMQError.last("receive")
        for index in 0...count { zmq_msg_close(scratch + index) }
        guard error.code == ZMQError.wouldBlock else { throw error }
        inner.isDrained = true
        return nil
      }
      let more = zmq_msg_more(scratch + count) != 0
      if count + 1 < Self.maxFrames {
        count += 1
        size += zmq_msg_size(scratch + count - 1)
      } else {
        isTruncated = true
        zmq_msg_close(scratch + count)
      }
      if !more { break }
    }
    return .moving(scratch, Multipart.Header(count: count, size: size, isTruncated: isTruncated))
  }
}
