import Glibc

/// Says which case a process has died of, or hangs in.
enum LastWords {
  /// Long enough for the cases between two calls of `note`.
  private static let hangSeconds: UInt32 = 30

  /// What is printed, with room for the number in front of the newline.
  nonisolated(unsafe) private static let text = UnsafeMutableBufferPointer<UInt8>.allocate(
    capacity: 256)
  nonisolated(unsafe) private static var length = 0
  nonisolated(unsafe) private static var number: UInt64 = 0

  static func prepare(seed: UInt64) {
    length = text.initialize(
      fromContentsOf: "xodb-fuzz: died or hangs: --seed \(seed) --case ".utf8)
    for fatal in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM] {
      signal(fatal) { fatal in
        LastWords.say()
        signal(fatal, SIG_DFL)
        raise(fatal)
      }
    }
  }

  /// This case is run next.
  static func note(_ number: UInt64) {
    self.number = number
    if number % 1024 == 0 { alarm(hangSeconds) }
  }

  /// Nothing here allocates.
  private static func say() {
    var divisor: UInt64 = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      text[length] = UInt8(ascii: "0") + UInt8(number / divisor % 10)
      length += 1
      divisor /= 10
    }
    text[length] = UInt8(ascii: "\n")
    _ = write(STDERR_FILENO, text.baseAddress, length + 1)
  }
}
