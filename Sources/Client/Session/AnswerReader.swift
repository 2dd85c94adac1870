internal import Wire
package import ZeroMQ

/// Reads the answers in a router's message: `[""][line][body]`, or several, `[""][MANY][netstrings]`,
/// a line and a body of one after the other.
package struct AnswerReader {
  private let message: Multipart
  /// What is still to be read, if there may be several.
  private var packed: NetstringReader?
  private var isAtEnd = false
  /// The series whose answers are read.
  private var series: SeriesReader?

  package init(_ message: Multipart) {
    self.message = message
    guard message.count == 3, let line = try? LineView(parsing: message[1]),
      Packed.isWord(of: line)
    else { return }
    packed = NetstringReader(message[2])
  }

  /// The next one, nil at the end. What cannot be read is one as well.
  /// - Parameter lines: knows the lines of the answers before.
  package mutating func next(_ lines: inout AnswerLines) -> Answer? {
    if let answer = series?.next() { return answer }
    series = nil
    guard let answer = nextOfMessage(&lines) else { return nil }
    guard let first = SeriesReader(answer) else { return answer }
    series = first
    return series?.next()
  }

  private mutating func nextOfMessage(_ lines: inout AnswerLines) -> Answer? {
    guard !isAtEnd else { return nil }
    defer { withExtendedLifetime(message) {} }
    guard var packed else {
      isAtEnd = true
      guard message.count >= 2, message[0].isEmpty else {
        return Self.garbage("it does not begin with an empty frame and a line")
      }
      return Answer(
        Frame(message, 1), message.count > 2 ? .frame(Frame(message, 2)) : .delimiter, &lines)
    }
    guard !packed.isAtEnd else { return nil }
    do throws(LineError) {
      let (line, body) = (part(try packed.next()), part(try packed.next()))
      self.packed = packed
      return Answer(line, .frame(body), &lines)
    } catch {
      isAtEnd = true
      return Self.garbage(error.description)
    }
  }

  private static func garbage(_ why: String) -> Answer {
    Answer(id: nil, outcome: nil, text: why)
  }

  private func part(_ bytes: UnsafeRawBufferPointer) -> Frame {
    Frame(bytes, keptBy: message, message.size)
  }
}

/// The answers to a series, of which each is as if it had come alone.
private struct SeriesReader {
  private let answer: Answer
  private let id: UInt64
  private let each: Int
  private var index = 0
  /// The rows that are still to be read; nil when there are none to be read.
  private var bodies: NetstringReader?

  /// Nil for an answer to a single request.
  init?(_ answer: Answer) {
    // A part of one may begin with a later id than any series.
    guard let each = answer.each, let id = answer.id, (1...ClientMessage.maxEach).contains(each),
      id < ClientMessage.maxSeriesID + UInt64(ClientMessage.maxEach)
    else { return nil }
    self.answer = answer
    self.each = each
    self.id = id
    guard case .rows = answer.outcome, case .frame(let frame) = answer.body else { return }
    bodies = NetstringReader(frame.bytes)
  }

  /// The next one, nil at the end.
  mutating func next() -> Answer? {
    guard index < each else { return nil }
    defer { index += 1 }
    let id = id + UInt64(index)
    guard case .rows(let count) = answer.outcome else {
      return Answer(id: id, outcome: answer.outcome, text: answer.text)
    }
    guard case .frame(let frame) = answer.body, bodies?.isAtEnd == false,
      let body = try? bodies?.next()
    else {
      return Answer(id: id, outcome: nil, text: "\(each) answers without rows for each")
    }
    // How many rows each has, its answer does not say: those of all count with the first.
    return Answer(
      id: id, outcome: .rows(index == 0 ? count : 0), body: .frame(frame.part(body)))
  }
}
