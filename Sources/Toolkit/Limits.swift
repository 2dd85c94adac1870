internal import CLinux

#if canImport(Glibc)
private import Glibc
#endif

/// The process's limits, and those of its sockets.
package enum Limits {
  /// How long a peer has to say that it speaks ZeroMQ; until then it costs a descriptor.
  package static let handshakeMilliseconds: Int32 = 5000
  /// How many connections may wait to be accepted.
  package static let backlog: Int32 = 1024

  /// Allows as many open descriptors as the system lets this process have. A connection that would
  /// take one of the last is refused. Returns how many were allowed before.
  @discardableResult
  package static func raiseDescriptors() -> UInt {
    guard var limit = descriptors else { return .max }
    let before = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return before
  }

  /// Fails when fewer descriptors than so many are allowed.
  package static func requireDescriptors(_ least: UInt) throws(ToolError) {
    guard let limit = descriptors, limit.rlim_cur < least else { return }
    throw ToolError(
      "open descriptors", "at most \(limit.rlim_cur) are allowed, \(least) are needed (ulimit -Hn)",
      .system)
  }

  private static var descriptors: rlimit? {
    var limit = rlimit()
    return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? limit : nil
  }

  /// Keeps descriptors for connections to some of the process's `ipc:` endpoints, when connections to
  /// others have taken all that they may. Call it before anything is bound.
  package static func preferConnections(to endpoints: String...) throws(ToolError) {
    for endpoint in endpoints {
      guard clinux_prefer_connections(String(endpoint.dropFirst("ipc://".count))) == 0 else {
        throw ToolError(endpoint, "no descriptors can be kept for it", .system)
      }
    }
  }

  /// Lets the process allocate so many bytes more than it has now; then malloc and mmap fail.
  ///
  /// The stacks of threads count, so start those first that belong to what there is.
  package static func boundMemory(toFurther bytes: Int) throws(ToolError) {
    let resource = __rlimit_resource_t(RLIMIT_DATA.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { throw .system("read the limit on memory") }
    let (sum, overflow) = rlim_t(try usedMemory()).addingReportingOverflow(rlim_t(max(0, bytes)))
    limit.rlim_cur = min(limit.rlim_max, overflow ? .max : sum)
    guard setrlimit(resource, &limit) == 0 else { throw .system("limit memory") }
  }

  /// The private writable memory of the process, in bytes, which is what RLIMIT_DATA bounds.
  private static func usedMemory() throws(ToolError) -> Int {
    let file = "/proc/self/statm"
    let descriptor = try Descriptor(open(file, O_RDONLY | O_CLOEXEC), "open \(file)")
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(descriptor.number, &bytes, bytes.count)
    guard count >= 0 else { throw .system("read \(file)") }
    // size resident shared text lib data dt, in pages.
    let fields = bytes.prefix(count).split(separator: UInt8(ascii: " "))
    guard fields.count > 5, let pages = Int(String(decoding: fields[5], as: UTF8.self)) else {
      throw ToolError("read \(file)", "it does not say what is in use", .system)
    }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }
}
