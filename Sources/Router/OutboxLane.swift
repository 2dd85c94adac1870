internal import DequeModule

/// What waits for one client, within a bound.
struct OutboxLane {
  /// What may wait behind the first one, in answers and in bytes. That one is kept however large it
  /// is: its client may have taken all before it.
  static let maxAnswers = 10_000
  static let maxBytes = 64 << 20
  /// What of those without rows may wait beyond that: so that each request has its answer.
  static let extraAnswers = 5000
  static let extraBytes = 1 << 20

  private var answers: Deque<WaitingAnswer> = []
  private(set) var bytes = 0

  var first: WaitingAnswer? { answers.first }

  /// Returns false when there is no room.
  mutating func append(_ answer: WaitingAnswer) -> Bool {
    let maxAnswers = Self.maxAnswers + (answer.hasRows ? 0 : Self.extraAnswers)
    let maxBytes = Self.maxBytes + (answer.hasRows ? 0 : Self.extraBytes)
    if let first = answers.first {
      let behind = bytes - first.bytes + answer.bytes
      guard answers.count <= maxAnswers, behind <= maxBytes else { return false }
    }
    answers.append(answer)
    bytes += answer.bytes
    return true
  }

  mutating func removeFirst() {
    bytes -= answers.removeFirst().bytes
  }

  /// Leaves errors in the place of rows, and none of the chunks.
  /// - Returns: how many those were of each request.
  mutating func dropRows() -> [UInt64: Int] {
    var chunks: [UInt64: Int] = [:]
    let all = answers
    answers = []
    bytes = 0
    for answer in all {
      if let request = answer.request {
        chunks[request, default: 0] += 1
      } else {
        let rest = answer.withoutRows
        answers.append(rest)
        bytes += rest.bytes
      }
    }
    return chunks
  }
}
