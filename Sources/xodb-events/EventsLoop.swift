internal import Toolkit
internal import Wire
internal import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// Receives a publication, writes its line, and only then receives the next: a reader that is slow
/// costs events, not memory, and is told how many.
struct EventsLoop: ~Copyable {
  private let filter: EventFilter
  private let signals: SignalSource
  private var subscriber: Subscriber
  private let output = NonBlockingOutput(STDOUT_FILENO)
  private let errors = NonBlockingOutput(STDERR_FILENO)
  /// What is still to be said of the last publication: what was missed before it, and its line.
  private var notice: ArraySlice<UInt8> = []
  private var line: ArraySlice<UInt8> = []

  init(_ filter: EventFilter) throws(ToolError) {
    let signals = try SignalSource([.terminate, .interrupt])
    let directory = try RunDirectory()
    // So that it can be started before the publishers.
    try directory.create()
    let context = try ToolError.wrapping { () throws(ZMQError) in try Context() }
    subscriber = try Subscriber(directory, context: context)
    self.signals = signals
    self.filter = filter
  }

  /// Returns when it was told to end, or when nobody reads its output any more.
  mutating func run() throws(ToolError) {
    var poll = PollSet()
    while true {
      poll.removeAll()
      poll.add(descriptor: signals.descriptor.number)
      poll.add(descriptor: subscriber.watchDescriptor)
      let isWritingLine = notice.isEmpty && !line.isEmpty
      // A closed pipe is to be seen also when there is nothing to write.
      poll.add(descriptor: output.descriptor, isWritingLine ? .writable : [])
      if !notice.isEmpty {
        poll.add(descriptor: errors.descriptor, .writable)
      } else if line.isEmpty {
        poll.add(subscriber.base.socket)
      }
      let milliseconds = subscriber.hasDeparted ? 1000 : nil
      try ToolError.wrapping { () throws(ZMQError) in try poll.wait(milliseconds: milliseconds) }

      if poll.isReady(0) && signals.next() != nil { return }
      if poll.isReady(1) { try subscriber.followChanges() }
      // The write says what has failed, if it was not just that the reader has gone.
      if poll.hasFailed(2) && !isWritingLine { return }
      guard try print() else { return }
    }
  }

  /// Publications that are taken before it is looked whether somebody wants the end.
  private static let maxTurn = 256

  /// Writes what there is, as long as there is room. False when nobody reads it.
  private mutating func print() throws(ToolError) -> Bool {
    for _ in 0..<Self.maxTurn {
      guard writeNotice() else { return true }
      while !line.isEmpty {
        switch line.withUnsafeBytes({ output.write($0) }) {
        case .wrote(let count): line = line.dropFirst(count)
        case .wouldBlock: return true
        case .closed: return false
        case .failed(let why): throw ToolError("write standard output", why, .inputOutput)
        }
      }
      guard let publication = try subscriber.receive() else {
        for name in subscriber.lostWithoutEnd { notice += Self.noticeOfEnd(of: name) }
        return true
      }
      if publication.missed > 0 { notice = Self.notice(of: publication)[...] }
      if publication.followsUnheardEnd {
        notice = Self.noticeOfEnd(of: publication.publisher.name)[...]
      }
      line = filter.line(for: publication)?[...] ?? []
    }
    return true
  }

  private static func notice(of publication: Publication) -> [UInt8] {
    let missed = publication.missed
    let events = missed == 1 ? "1 event was" : "\(missed) events were"
    return Diagnostics.line("follow \(publication.publisher.name): \(events) missed")
  }

  /// One that was killed could not say its end.
  private static func noticeOfEnd(of name: String) -> [UInt8] {
    Diagnostics.line("follow \(name): its last events may have been missed")
  }

  /// Writes the notice, if there is one. False when there is no room for it.
  private mutating func writeNotice() -> Bool {
    while !notice.isEmpty {
      switch notice.withUnsafeBytes({ errors.write($0) }) {
      case .wrote(let count): notice = notice.dropFirst(count)
      case .wouldBlock: return false
      // Nobody is there to be told.
      case .closed, .failed: notice = []
      }
    }
    return true
  }
}
