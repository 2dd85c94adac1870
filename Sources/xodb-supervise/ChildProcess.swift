internal import CLinux
internal import Supervision
internal import Toolkit
internal import Wire

#if canImport(Glibc)
private import Glibc
#endif

/// A child that runs, and the ends of its pipes that are ours. None of them ever blocks.
final class ChildProcess {
  let pid: Int32
  /// Where it says that it is ready; nil when it has said so or cannot any more.
  private(set) var readiness: Pipe.ReadEnd?
  /// Its standard error; nil when it has closed that.
  private(set) var errors: Pipe.ReadEnd?
  private var lines = LineAssembler()

  /// What a child that has ended may have left in its pipe, in bytes: more than a pipe holds by
  /// default, and a bound, because somebody else may still be writing to it.
  private static let maxRemainder = 1 << 20

  init(
    _ program: Program, as member: Member, lifeline: Int32, guardian: Int32
  ) throws(SpawnFailure) {
    let readiness = try Pipe()
    let errors = try Pipe()
    pid = program.withVectors(for: member) { arguments, environment in
      var child = clinux_child(
        argv: arguments, envp: environment, error: errors.writeEnd.number,
        ready: readiness.writeEnd.number, lifeline: lifeline, guardian: guardian)
      return clinux_spawn(&child)
    }
    guard pid > 0 else { throw .system() }
    self.readiness = readiness.readEnd
    self.errors = errors.readEnd
  }

  /// Reads from the readiness pipe; true when the child has said that it is ready.
  func readReadiness() -> Bool {
    guard let readiness else { return false }
    var isReady = false
    let outcome = readiness.read { isReady = $0.contains(UInt8(ascii: "\n")) }
    // A pipe that was closed without a newline says nothing.
    if isReady || outcome == .end { self.readiness = nil }
    return isReady
  }

  /// Reads a piece of standard error and passes on the lines that it ends.
  func readErrors(_ body: (ArraySlice<UInt8>) -> Void) {
    guard let errors else { return }
    if errors.read({ lines.append($0, body) }) == .end { endErrors(body) }
  }

  /// Passes on what is left after the child has ended.
  func drainErrors(_ body: (ArraySlice<UInt8>) -> Void) {
    var count = 0
    while let errors, count < Self.maxRemainder {
      let outcome = errors.read {
        count += $0.count
        lines.append($0, body)
      }
      if outcome != .piece { break }
    }
    endErrors(body)
  }

  private func endErrors(_ body: (ArraySlice<UInt8>) -> Void) {
    lines.end(body)
    errors = nil
  }
}

extension SpawnFailure {
  /// What the errno of a fork or exec means.
  static func system() -> SpawnFailure {
    let code = errno
    let kind: Kind =
      switch code {
      case ENOENT: .notFound
      case EAGAIN, ENOMEM, EMFILE, ENFILE: .shortage
      default: .notExecutable
      }
    return SpawnFailure(kind, String(cString: strerror(code)))
  }
}
