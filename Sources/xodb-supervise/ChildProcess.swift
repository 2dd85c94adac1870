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
  /// Where it says things; nil when it cannot any more.
  private var notices: Pipe.ReadEnd?
  private var isReady = false
  /// How often it is still heard at once until the next pulse.
  private var hearings = ChildProcess.maxHearings
  /// Its standard error; nil when it has closed that.
  private(set) var errors: Pipe.ReadEnd?
  private var lines = LineAssembler()

  /// So often a child is heard at once between two pulses: one that says a lot costs little.
  private static let maxHearings = 8
  /// What a child that has ended may have left in its pipe, in bytes: more than a pipe holds by
  /// default, and a bound, because somebody else may still be writing to it.
  private static let maxRemainder = 1 << 20

  init(
    _ program: Program, as member: Member, lifeline: Int32, guardian: Int32
  ) throws(SpawnFailure) {
    let notices = try Pipe()
    let errors = try Pipe()
    pid = program.withVectors(for: member) { arguments, environment, pid in
      var child = clinux_child(
        argv: arguments, envp: environment, pid: pid, error: errors.writeEnd.number,
        ready: notices.writeEnd.number, lifeline: lifeline, guardian: guardian,
        descriptors: program.descriptors)
      return clinux_spawn(&child)
    }
    guard pid > 0 else { throw .system() }
    self.notices = notices.readEnd
    self.errors = errors.readEnd
  }

  /// The descriptor to poll for what is to be heard at once: that the child is ready. All else has
  /// time until the next pulse.
  var urgentNotices: Int32? {
    isReady || hearings == 0 ? nil : notices?.number
  }

  /// Reads what the child has said, as much as a pipe usually holds.
  func readNotices() -> [Notice] {
    guard let notices else { return [] }
    var said: [Notice] = []
    let outcome = notices.read { bytes in
      said = Notice.allCases.filter { bytes.contains($0.rawValue) }
    }
    if outcome == .end { self.notices = nil }
    if said.contains(.ready) { isReady = true }
    hearings -= min(hearings, 1)
    return said
  }

  func pulse() {
    hearings = Self.maxHearings
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
