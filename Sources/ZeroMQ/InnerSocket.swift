internal import CZeroMQ

/// libzmq's socket, which poll sets look at beside its owner.
final class InnerSocket {
  /// Whether it has no message, and its descriptor will tell of the next one.
  ///
  /// What the descriptor tells is the news from libzmq's other threads, and any call of libzmq may take
  /// that in without a word: after a send, a message may be there while the descriptor is silent. Only
  /// a call that looked for a message in vain is followed by a report of the next one.
  var isDrained = false
  private(set) var isClosed = false
  /// For poll(2), readable when there is news.
  let descriptor: Int32
  private let pointer: UnsafeMutableRawPointer

  init(_ pointer: UnsafeMutableRawPointer) {
    self.pointer = pointer
    var descriptor: Int32 = -1
    var size = MemoryLayout<Int32>.size
    zmq_getsockopt(pointer, ZMQ_FD, &descriptor, &size)
    self.descriptor = descriptor
  }

  /// For libzmq's functions.
  var handle: UnsafeMutableRawPointer {
    isDrained = false
    return pointer
  }

  /// Takes the news in and sees whether there is a message.
  func look() throws(ZMQError) {
    var events: Int32 = 0
    var size = MemoryLayout<Int32>.size
    let result = retryingInterrupts { zmq_getsockopt(pointer, ZMQ_EVENTS, &events, &size) }
    guard result == 0 else { throw .last("look for messages") }
    isDrained = events & ZMQ_POLLIN == 0
  }

  /// Closes it once.
  func close() {
    if !isClosed { zmq_close(pointer) }
    isClosed = true
  }
}
