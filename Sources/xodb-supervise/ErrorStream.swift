internal import Supervision
internal import Toolkit
internal import Wire
internal import ZeroMQ

/// Our standard error, for the children's lines and our own. Whoever reads there may be slow, stuck
/// or gone: nothing here waits for that.
struct ErrorStream: ~Copyable {
  static let capacity = 262_144

  private let output = NonBlockingOutput(2)
  private var waiting = LineBuffer(capacity: capacity)
  /// Whether nothing could be written last: what is lost is told together with the next line.
  private var hasFailed = false

  /// Whether to poll for room.
  var descriptorToPoll: Int32? { waiting.count > 0 ? output.descriptor : nil }

  mutating func append(_ line: ArraySlice<UInt8>) {
    waiting.append(line, notice: Self.notice)
  }

  mutating func report(_ what: String, _ why: String) {
    append(Diagnostics.line("\(what): \(why)")[...])
    flush()
  }

  /// Writes what there is room for.
  mutating func flush() {
    while true {
      if waiting.count == 0 && !hasFailed { waiting.tellDropped(Self.notice) }
      if waiting.count == 0 { return }
      switch waiting.withBytes({ output.write($0) }) {
      case .wrote(let count):
        hasFailed = false
        waiting.removeFirst(count)
      case .wouldBlock: return
      case .closed, .failed:
        // A full disk gets room, a pipe another reader.
        hasFailed = true
        waiting.drop()
        return
      }
    }
  }

  /// Gives the reader a last chance, of at most half a second.
  mutating func finish() {
    let start = Clock.now()
    flush()
    while let descriptor = descriptorToPoll {
      let left = 500 - Clock.now().millisecondsUp(since: start)
      var poll = PollSet()
      poll.add(descriptor: descriptor, .writable)
      guard left > 0, (try? poll.wait(milliseconds: left)) != nil else { return }
      flush()
    }
  }

  private static func notice(_ count: Int) -> [UInt8] {
    Diagnostics.line("standard error: \(count) bytes dropped")
  }
}
