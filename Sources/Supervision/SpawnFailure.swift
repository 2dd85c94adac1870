/// Why a child could not be started.
package struct SpawnFailure: Error, Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    /// There is no such program.
    case notFound
    /// There is one, and it cannot be executed.
    case notExecutable
    /// The system is short of something, which may change.
    case shortage
  }

  package let kind: Kind
  /// The system's words.
  package let why: String

  package init(_ kind: Kind, _ why: String) {
    self.kind = kind
    self.why = why
  }

  /// The status with which a shell or env(1) would have ended instead.
  package var status: Int32 { kind == .notFound ? 127 : 126 }
}
