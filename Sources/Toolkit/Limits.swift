#if canImport(Glibc)
private import Glibc
#endif

/// The process's limits.
package enum Limits {
  /// Allows as many open descriptors as the system lets this process have. A ROUTER at the limit
  /// stops accepting connections and burns a processor. Returns how many were allowed before.
  @discardableResult
  package static func raiseDescriptors() -> UInt {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
    let before = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return before
  }
}
