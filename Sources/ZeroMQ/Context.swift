internal import CZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// A ZeroMQ context. Its sockets hold it, so that it ends after the last of them.
package final class Context: @unchecked Sendable {
  // libzmq's contexts may be used from any thread.
  let handle: UnsafeMutableRawPointer
  /// Of 256 worker threads each has 7, also ZeroMQ's internal ones; it keeps 8 bytes for each of these.
  private static let maxSockets: Int32 = 4095
  /// How many descriptors the process has to be allowed.
  private static let minDescriptors: rlim_t = 24

  /// - Parameter ioThreads: ZeroMQ's own threads, which move bytes; 0 is enough for `inproc:` alone.
  package init(ioThreads: Int32 = 1) throws(ZMQError) {
    // libzmq ends the process when it needs one for epoll(7) and gets none.
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
      limit.rlim_cur < Self.minDescriptors
    {
      throw ZMQError(code: EMFILE, operation: "new context")
    }
    czmq_find_protocols_in_files_only()
    guard let handle = zmq_ctx_new() else { throw .last("new context") }
    self.handle = handle
    zmq_ctx_set(handle, ZMQ_IO_THREADS, ioThreads)
    zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, Self.maxSockets)
  }

  deinit {
    _ = retryingInterrupts { zmq_ctx_term(handle) }
  }
}
