internal import CZeroMQ
internal import Synchronization

/// How many bytes libzmq holds of frames that were sent with this count and have not left yet. A
/// high-water mark counts messages, of whatever size. Any thread may look.
package final class UnsentBytes: Sendable {
  private let bytes = Atomic(0)
  private let total: UnsentBytes?

  /// - Parameter total: where they are counted as well.
  package init(within total: UnsentBytes? = nil) {
    self.total = total
  }

  package var count: Int { bytes.load(ordering: .relaxed) }

  fileprivate func add(_ count: Int) {
    bytes.add(count, ordering: .relaxed)
    total?.add(count)
  }
}

/// A frame that libzmq still has to send, and where that is counted.
private final class UnsentFrame {
  let frame: Frame
  let count: UnsentBytes

  init(_ frame: Frame, _ count: UnsentBytes) {
    self.frame = frame
    self.count = count
    count.add(frame.count)
  }

  deinit {
    count.add(-frame.count)
  }
}

extension Frame {
  /// Makes a message of it that is counted until libzmq has done with it, in a thread of its own.
  func counted(by count: UnsentBytes) throws(ZMQError) -> zmq_msg_t {
    var message = zmq_msg_t()
    let hint = Unmanaged.passRetained(UnsentFrame(self, count))
    let result = zmq_msg_init_data(
      &message, UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count,
      { _, hint in
        if let hint { Unmanaged<UnsentFrame>.fromOpaque(hint).release() }
      }, hint.toOpaque())
    guard result == 0 else {
      hint.release()
      throw .last("send")
    }
    return message
  }
}
