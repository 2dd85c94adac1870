import Glibc

/// A seed is to lead to the same happenings in every process. Swift orders the entries of
/// dictionaries and sets differently in each, unless the environment forbids that from the start.
enum Determinism {
  private static let variable = "SWIFT_DETERMINISTIC_HASHING"

  /// Begins this process anew if need be.
  static func demand() {
    guard getenv(variable) == nil else { return }
    setenv(variable, "1", 1)
    // If this fails, seeds still find violations.
    execv("/proc/self/exe", CommandLine.unsafeArgv)
  }
}
