internal import Wire
package import ZeroMQ

/// Reads the answers in a router's message: `[""][line][body]`, or several, `[""][MANY][netstrings]`,
/// a line and a body of one after the other.
package struct AnswerReader {
  private let message: Multipart
  /// What is still to be read, if there may be several.
  private var packed: NetstringReader?
  private var isAtEnd = false

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
