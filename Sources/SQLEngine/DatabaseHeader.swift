#if canImport(Glibc)
private import Glibc
#endif

/// Tells SQLite's files from others by their first 16 bytes.
enum DatabaseHeader {
  /// The first bytes of every SQLite 3 database, the last of which is NUL.
  private static let magic: StaticString = "SQLite format 3\0"

  /// Why a file cannot be served.
  enum Problem {
    /// What it is.
    case content(String)
    /// The system did not let it be seen, which may be over the next time.
    case unseen(SystemError)

    var description: String {
      switch self {
      case .content(let why): why
      case .unseen(let error): error.description
      }
    }
  }

  /// Looks whether a regular file is a database; one that SQLite has open counts as one.
  /// - Returns: why it is none; nil when it is one.
  static func problem(_ path: String, _ status: FileStatus) -> Problem? {
    OpenFile.ifClosed(status.identity) { read(path) } ?? nil
  }

  private static func read(_ path: String) -> Problem? {
    // It was a regular file a moment ago; a FIFO in its place must not block.
    let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard file >= 0 else { return .unseen(.last) }
    defer { close(file) }
    return withUnsafeTemporaryAllocation(byteCount: magic.utf8CodeUnitCount, alignment: 1) {
      let count = pread(file, $0.baseAddress, $0.count, 0)
      guard count >= 0 else { return .unseen(.last) }
      guard count > 0 else { return .content("file is empty") }
      let expected = UnsafeRawBufferPointer(start: magic.utf8Start, count: $0.count)
      return count == $0.count && $0.elementsEqual(expected)
        ? nil : .content("file is not a database")
    }
  }
}
