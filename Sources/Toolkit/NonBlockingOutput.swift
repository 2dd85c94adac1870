#if canImport(Glibc)
private import Glibc
#endif

/// Writes to a descriptor that others may share, without ever waiting for whoever reads there.
///
/// O_NONBLOCK belongs to the open file, not to the descriptor: to set it would set it for everyone
/// else who has that file. So a pipe or terminal is opened anew; a socket has a flag for each call;
/// a regular file never makes anyone wait. Where opening anew is not allowed, only so much is
/// written at once as poll(2) has promised room for.
package struct NonBlockingOutput: ~Copyable {
  package enum Outcome: Equatable, Sendable {
    /// So many bytes, which may be fewer than were given.
    case wrote(Int)
    /// There is no room: poll for that.
    case wouldBlock
    /// Nobody reads there any more.
    case closed
    /// The system's words.
    case failed(String)
  }

  private enum Way {
    case plain
    case socket
    case guarded
  }

  /// For the poll set.
  package let descriptor: Int32
  private let way: Way
  /// Keeps the descriptor open when it is our own.
  private let own: Descriptor?

  package init(_ descriptor: Int32) {
    var status = stat()
    // A terminal or device that was not opened for writing must not get writable here.
    let isWritable = fcntl(descriptor, F_GETFL) & O_ACCMODE != O_RDONLY
    guard isWritable, fstat(descriptor, &status) == 0 else {
      self.init(descriptor, .plain)
      return
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: self.init(descriptor, .plain)
    case S_IFSOCK: self.init(descriptor, .socket)
    default:
      let flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
      let opened = try? Descriptor(open("/proc/self/fd/\(descriptor)", flags), "open")
      if let opened {
        self.init(opened.number, .plain, opened)
      } else {
        self.init(descriptor, .guarded)
      }
    }
  }

  private init(_ descriptor: Int32, _ way: Way, _ own: consuming Descriptor? = nil) {
    self.descriptor = descriptor
    self.way = way
    self.own = own
  }

  /// Writes what there is room for. SIGPIPE must be ignored.
  package func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    while true {
      let count =
        switch way {
        case .plain: Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        case .socket:
          send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
        case .guarded:
          hasRoom ? Glibc.write(descriptor, bytes.baseAddress, min(bytes.count, Int(PIPE_BUF))) : -1
        }
      if count >= 0 { return .wrote(count) }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      case EPIPE, ECONNRESET: return .closed
      default: return .failed(String(cString: strerror(errno)))
      }
    }
  }

  /// Whether a write of PIPE_BUF bytes returns at once; otherwise errno is EAGAIN.
  private var hasRoom: Bool {
    var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    let result = poll(&item, 1, 0)
    if result == 0 { errno = EAGAIN }
    return result > 0
  }
}
