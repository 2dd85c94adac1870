internal import Broker
internal import Toolkit
internal import Wire
internal import ZeroMQ

/// Small answers that go to a client in one message.
final class AnswerPack {
  /// A pack is sent when it has so many bytes; the last answer may add somewhat more than a third.
  private static let fullSize = 3 * Packed.largeSize

  let sender: Sender
  private var netstrings = ByteBuffer()

  init(for sender: Sender) {
    self.sender = sender
  }

  var isFull: Bool { netstrings.count >= Self.fullSize }

  /// Returns false for an answer that is to travel alone.
  static func takes(_ answer: borrowing Answer) -> Bool {
    answer.request.sender.takesPacked && answer.body.count < Packed.largeSize
  }

  func append(_ answer: borrowing Answer) {
    netstrings.append(netstring: answer.line)
    netstrings.append(netstring: answer.body)
  }

  func withBytes<Result, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(netstrings.bytes)
  }

  /// The frames of each answer alone, as those of one that has to wait.
  var parts: [[Part]] {
    var reader = NetstringReader(netstrings.bytes)
    var all: [[Part]] = []
    // What was appended can be read.
    while !reader.isAtEnd, let line = try? reader.next(), let rows = try? reader.next() {
      all.append(sender.envelopeParts + [.bytes(Array(line)), .frame(Frame(copying: rows))])
    }
    return all
  }
}
