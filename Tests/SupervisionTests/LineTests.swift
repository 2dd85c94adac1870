import Supervision
import Testing

@Suite struct LineTests {
  @Test func piecesBecomeLines() {
    #expect(Self.lines(["a", "b\nc", "\n\nd"]) == ["ab\n", "c\n", "\n", "d\n"])
  }

  @Test(arguments: [65_534, 65_535])
  func aLineMayBeThisLong(length: Int) {
    let line = String(repeating: "x", count: length) + "\n"
    #expect(Self.lines([line, "y\n"]) == [line, "y\n"])
  }

  @Test func aLongerLineIsBroken() {
    let text = String(repeating: "x", count: 65_535)
    #expect(Self.lines([text + "y\nz"]) == [text + "\n", "y\n", "z\n"])
    #expect(Self.lines([text, "y\n"]) == [text + "\n", "y\n"])
  }

  @Test func whatDoesNotFitIsDroppedAndTold() {
    var buffer = LineBuffer(capacity: 20)
    for line in ["123456789\n", "abcdefghi\n", "lost\n", "lost as well\n"] { buffer.add(line) }
    #expect(buffer.text == "123456789\nabcdefghi\n")
    buffer.removeFirst(5)
    // There is room, and yet not half of the buffer.
    buffer.add("no\n")
    #expect(buffer.dropped == 21)
    buffer.removeFirst(10)
    buffer.add("yes\n")
    #expect(buffer.text == "fghi\n<21>\nyes\n")
    #expect(buffer.dropped == 0)
  }

  private static func lines(_ pieces: [String]) -> [String] {
    var assembler = LineAssembler()
    var lines: [String] = []
    for piece in pieces {
      Array(piece.utf8).withUnsafeBytes { bytes in
        assembler.append(bytes) { lines.append(String(decoding: $0, as: UTF8.self)) }
      }
    }
    assembler.end { lines.append(String(decoding: $0, as: UTF8.self)) }
    return lines
  }
}

extension LineBuffer {
  fileprivate mutating func add(_ line: String) {
    append(Array(line.utf8)[...]) { Array("<\($0)>\n".utf8) }
  }

  fileprivate var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
