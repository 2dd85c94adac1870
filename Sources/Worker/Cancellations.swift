/// The assignments that were taken back last. Word of that may come before they are begun, or even
/// before they come, because the two travel on different sockets.
struct Cancellations {
  /// So many are kept. A worker has a batch of assignments at a time, so only the latest matter.
  static let capacity = 256

  private var latest: [Assignment] = []

  mutating func note(_ assignment: Assignment) {
    guard !latest.contains(assignment) else { return }
    if latest.count == Self.capacity { latest.removeFirst() }
    latest.append(assignment)
  }

  func contains(_ assignment: Assignment) -> Bool { latest.contains(assignment) }
}
