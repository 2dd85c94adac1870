#if canImport(Glibc)
private import Glibc
#endif

/// The bound on open descriptors, of which each child costs two.
enum FileLimit {
  /// Raises the bound if the children would not fit. Those inherit it, so otherwise it stays.
  static func raise(children: Int) {
    var limit = rlimit()
    let needed = rlim_t(2 * children + 64)
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
      limit.rlim_cur < needed
    else { return }
    limit.rlim_cur = min(limit.rlim_max, needed)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
