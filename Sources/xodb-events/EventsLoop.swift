internal import Toolkit
internal import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// Receives a publication, writes its line, and only then receives the next: a reader that is slow
/// costs events, not memory.
struct EventsLoop: ~Copyable {
  private let filter: EventFilter
  private let signals: SignalSource
  private var subscriber: Subscriber
  private let output = NonBlockingOutput(STDOUT_FILENO)
  /// The rest of the line that is being written.
  private var pending: ArraySlice<UInt8> = []

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
      poll.add(descriptor: subscriber.watch.number)
      // A closed pipe is to be seen also when there is nothing to write.
      poll.add(descriptor: output.descriptor, pending.isEmpty ? [] : .writable)
      if pending.isEmpty { poll.add(subscriber.socket) }
      try ToolError.wrapping { () throws(ZMQError) in try poll.wait(milliseconds: nil) }

      if !poll[0].isEmpty && signals.next() != nil { return }
      if !poll[1].isEmpty { try subscriber.followChanges() }
      // The write says what has failed, if it was not just that the reader has gone.
      if poll[2].contains(.failed) && pending.isEmpty { return }
      guard try print() else { return }
    }
  }

  /// Publications that are taken before it is looked whether somebody wants the end.
  private static let maxTurn = 256

  /// Writes what there is, as long as there is room. False when nobody reads it.
  private mutating func print() throws(ToolError) -> Bool {
    for _ in 0..<Self.maxTurn {
      while !pending.isEmpty {
        switch pending.withUnsafeBytes({ output.write($0) }) {
        case .wrote(let count): pending = pending.dropFirst(count)
        case .wouldBlock: return true
        case .closed: return false
        case .failed(let why): throw ToolError("write standard output", why, .inputOutput)
        }
      }
      guard let publication = try subscriber.receive() else { return true }
      pending = filter.line(for: publication)?[...] ?? []
    }
    return true
  }
}
