internal import CZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// A ZeroMQ context. Its sockets hold it, so that it ends after the last of them.
package final class Context: @unchecked Sendable {
  // libzmq's contexts may be used from any thread.
  let handle: UnsafeMutableRawPointer
  /// How many descriptors the process has to be allowed.
  private static let minDescriptors: rlim_t = 24

  /// - Parameters:
  ///   - ioThreads: ZeroMQ's own threads, which move bytes; 0 is enough for `inproc:` alone.
  ///   - maxSockets: the bound on open sockets, also ZeroMQ's internal ones.
  package init(ioThreads: Int32 = 1, maxSockets: Int32 = 1023) throws(ZMQError) {
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
    zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, maxSockets)
  }

  deinit {
    _ = retryingInterrupts { zmq_ctx_term(handle) }
  }
}
