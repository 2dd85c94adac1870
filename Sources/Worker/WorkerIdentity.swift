package import Wire

/// Who a worker is.
package struct WorkerIdentity: Sendable {
  package var member: Member
  /// The supervisor of its process, if that has one.
  package var supervisor: String?
  /// The name of the process that it is a thread of; nil for a worker that is a process itself.
  package var process: String?
  /// The thread in whose place it is.
  package var replaced: String?

  package init(
    _ member: Member, supervisor: String? = nil, process: String? = nil, replaced: String? = nil
  ) {
    self.member = member
    self.supervisor = supervisor
    self.process = process
    self.replaced = replaced
  }

  /// Whether this is it, or the process that it is a thread of.
  func isPart(of other: Member) -> Bool {
    other.generation == member.generation && (other.name == member.name || other.name == process)
  }
}
