#if canImport(Glibc)
private import Glibc
#endif

/// Writing to descriptors.
package enum Output {
  /// Ends the process as writing to standard output would, whose reader has gone: by SIGPIPE.
  package static func endUnread() throws(ToolError) {
    raise(SIGPIPE)
    // It is blocked or ignored, so that this is an error.
    throw ToolError("write standard output", String(cString: strerror(EPIPE)), .inputOutput)
  }

  /// Writes all bytes, also to a descriptor that somebody has made non-blocking. A closed pipe ends
  /// the process by SIGPIPE, unless that is ignored.
  package static func write(
    _ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO
  ) throws(ToolError) {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(ToolError) in try write(bytes, to: descriptor) }
    }
    try result.get()
  }

  /// Likewise, of bytes that lie anywhere.
  package static func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32 = STDOUT_FILENO
  ) throws(ToolError) {
    var start = 0
    while start < bytes.count {
      let count = Glibc.write(
        descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start)
      if count >= 0 {
        start += count
      } else if errno == EAGAIN {
        var descriptors = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&descriptors, 1, -1)
      } else if errno != EINTR {
        throw .system(
          descriptor == STDOUT_FILENO ? "write standard output" : "write descriptor \(descriptor)",
          .inputOutput)
      }
    }
  }
}
