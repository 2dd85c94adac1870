internal import CZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// What libzmq refused, on what, and its `errno`.
package struct ZMQError: Error, Equatable, CustomStringConvertible {
  /// The `errno` value, which also has ZeroMQ's own codes from 156384712 up.
  package let code: Int32
  /// The call and what it was made on: `bind ipc:///run/clients`.
  package let operation: String

  /// The operating system's or ZeroMQ's words.
  package var reason: String { String(cString: zmq_strerror(code)) }

  package var description: String { "\(operation): \(reason)" }

  /// The error of the libzmq call that has just failed in this thread.
  static func last(_ operation: @autoclosure () -> String) -> ZMQError {
    let code = zmq_errno()
    return ZMQError(code: code, operation: operation())
  }
}

extension ZMQError {
  static let wouldBlock = EAGAIN
  static let interrupted = EINTR
  static let hostUnreachable = EHOSTUNREACH
  static let addressInUse = EADDRINUSE
  static let exists = EEXIST
}

/// Calls `body` until it is not interrupted by a signal: the one place where EINTR is retried.
@inline(__always)
func retryingInterrupts(_ body: () -> Int32) -> Int32 {
  while true {
    let result = body()
    if result >= 0 || zmq_errno() != ZMQError.interrupted { return result }
  }
}
