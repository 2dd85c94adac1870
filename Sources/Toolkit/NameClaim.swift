internal import Wire

#if canImport(Glibc)
private import Glibc
#endif

/// A name that this process holds in a run directory, as long as it lives, and the numbers that go
/// with it: each is higher than all that anyone drew under this name before.
///
/// On another host somebody else may hold the same name. Numbers of names that are heard there begin with
/// the clock's microseconds, so that no two of them are ever the same; and so do those of which it is
/// not known any more what was drawn.
///
/// The file `locks/NAME` holds the last number drawn and, in a second line, the pid of who holds it:
/// for whoever wants to send it a signal. It is locked, so that nobody binds the name's sockets a
/// second time, which ZeroMQ would let them do. The directory is locked too, together with all
/// others who have a name there: what clears old files away leaves such directories alone, see
/// tmpfiles.d(5).
package final class NameClaim {
  package let name: PublisherName
  private let directory: Descriptor
  private let descriptor: Int32
  private let path: String
  private var last: Int64
  /// Digits in the file, so that a number is always overwritten in place.
  private static let width = 20

  /// Milliseconds for which the name may still be held: the kernel kills the children of a supervisor
  /// that was killed, and they take a moment to end while the next one starts others.
  private static let patience = 500

  /// - Parameter isHeardElsewhere: whether its numbers are to differ from those of other hosts.
  package init(
    _ name: PublisherName, in directory: RunDirectory, isHeardElsewhere: Bool = false
  ) throws(ToolError) {
    self.name = name
    let root = "lock \(directory.path)"
    let held = try Descriptor(open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), root)
    guard try Self.lock(held.number, LOCK_SH, root) else {
      throw ToolError(root, "somebody holds it for himself alone", .cannotCreate)
    }
    self.directory = held
    let path = "\(directory.locks)/\(name.text)"
    self.path = path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .system("lock \(path)", .cannotCreate) }
    do throws(ToolError) {
      guard try Self.lock(descriptor, LOCK_EX, "lock \(path)") else {
        throw ToolError("lock \(path)", "'\(name.text)' is already running there", .cannotCreate)
      }
      let drawn = try Self.read(descriptor, path)
      last = max(drawn ?? 0, drawn == nil || isHeardElsewhere ? Clock.epochMicroseconds() : 0)
      let text = "\(Self.text(last))\(getpid())\n"
      try Self.write(text, descriptor, path)
      // An earlier pid may have been longer.
      guard ftruncate(descriptor, text.utf8.count) == 0 else {
        throw .system("write \(path)", .inputOutput)
      }
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  /// Draws the next number.
  package func next() throws(ToolError) -> Int64 {
    try Self.write(Self.text(last + 1), descriptor, path)
    last += 1
    return last
  }

  private static func text(_ number: Int64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: width - digits.utf8.count) + digits + "\n"
  }

  private static func write(
    _ text: String, _ descriptor: Int32, _ path: String
  ) throws(ToolError) {
    guard pwrite(descriptor, text, text.utf8.count, 0) == text.utf8.count else {
      throw .system("write \(path)", .inputOutput)
    }
  }

  /// False when somebody else holds it, and goes on doing so.
  private static func lock(
    _ descriptor: Int32, _ kind: Int32, _ what: String
  ) throws(ToolError) -> Bool {
    let start = Clock.now()
    while flock(descriptor, kind | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK else { throw .system(what, .cannotCreate) }
      guard Clock.now().millisecondsUp(since: start) < patience else { return false }
      usleep(1000)
    }
    return true
  }

  /// The last number drawn; nil when the file, as after a crash of the whole system, does not say.
  private static func read(_ descriptor: Int32, _ path: String) throws(ToolError) -> Int64? {
    var bytes = [UInt8](repeating: 0, count: width + 1)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count >= 0 else { throw .system("read \(path)", .inputOutput) }
    if count == 0 { return 0 }
    guard count == bytes.count,
      let last = Int64(String(decoding: bytes.prefix(width), as: UTF8.self)),
      (0...Int64.max / 2).contains(last)
    else { return nil }
    return last
  }
}
