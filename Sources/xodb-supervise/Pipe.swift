internal import CLinux
internal import Supervision
internal import Toolkit

#if canImport(Glibc)
private import Glibc
#endif

/// A pipe from a child to us.
struct Pipe: ~Copyable {
  let readEnd: ReadEnd
  /// Blocks, as a child expects of it.
  let writeEnd: Descriptor

  init() throws(SpawnFailure) {
    var ends: [Int32] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { throw .system() }
    // The two ends are two open files, so the child does not notice.
    guard fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 else { throw .system() }
    do throws(ToolError) {
      let readEnd = ReadEnd(try Descriptor(ends[0], "open a pipe"))
      writeEnd = try Descriptor(ends[1], "open a pipe")
      self.readEnd = readEnd
    } catch {
      throw SpawnFailure(.shortage, error.why)
    }
  }

  /// The end that never blocks; closed with its last reference.
  final class ReadEnd {
    private let descriptor: Descriptor

    enum Outcome {
      case piece
      case nothingYet
      /// Nobody has the other end any more.
      case end
    }

    init(_ descriptor: consuming Descriptor) {
      self.descriptor = descriptor
    }

    var number: Int32 { descriptor.number }

    /// Reads once, as much as a pipe usually holds.
    func read(_ body: (UnsafeRawBufferPointer) -> Void) -> Outcome {
      withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
        let count = Glibc.read(number, buffer.baseAddress, buffer.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR ? .nothingYet : .end }
        if count == 0 { return .end }
        body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return .piece
      }
    }
  }
}
