/// Cuts the input into SQL statements, which end with `;`; the last one may lack it.
///
/// It knows SQLite's strings, names in quotes and comments, in which a `;` is nothing special, and
/// nothing else of SQL. Spaces, byte order marks and comments before a statement are left away, and
/// with them statements that consist of nothing else. A statement has neither its `;` nor, at the end of the
/// input, the space behind it.
package struct StatementSplitter: Splitter {
  private enum State {
    case code
    /// A `-` or `/` at this place, which may begin a comment.
    case dash(Position)
    case slash(Position)
    /// In what may be a byte order mark, which begins here and of which so many bytes have come.
    case mark(Position, Int)
    /// In a string or name that begins here and ends with this byte. Where that byte is doubled,
    /// the string ends and another begins, which comes to the same.
    case quoted(UInt8, Position)
    case lineComment
    case blockComment(afterStar: Bool)
  }

  private struct Position {
    var line = 1
    var column = 1
  }

  private var state = State.code
  /// Of the byte that is looked at.
  private var position = Position()
  /// Where the statement begins; nil as long as there was nothing of it.
  private var start: Position?
  private var statement: [UInt8] = []
  private var isTooLong = false

  package init() {}

  package mutating func next(
    in chunk: UnsafeRawBufferPointer, _ index: inout Int
  ) -> Record? {
    while index < chunk.count {
      let byte = chunk[index]
      index += 1
      let record = take(byte)
      advance(over: byte)
      if let record { return record }
    }
    return nil
  }

  package var begun: Place? { start.map { .input(line: $0.line, column: $0.column) } }

  package mutating func finish() -> Record? {
    switch state {
    case .code, .lineComment, .blockComment: break
    case .dash(let place): keep(UInt8(ascii: "-"), at: place)
    case .slash(let place): keep(UInt8(ascii: "/"), at: place)
    case .mark(let place, let count): keepMark(count, at: place)
    case .quoted(let quote, let place):
      reset()
      let quote = quote == UInt8(ascii: "]") ? "[" : String(UnicodeScalar(quote))
      return Record(
        .input(line: place.line, column: place.column),
        .unusable("the \(quote) at column \(place.column) is never closed"))
    }
    while let last = statement.last, Self.isSpace(last) { statement.removeLast() }
    return end()
  }

  private mutating func advance(over byte: UInt8) {
    if byte == UInt8(ascii: "\n") {
      position.line += 1
      position.column = 1
    } else if byte & 0xc0 != 0x80 {
      // Bytes that continue a character are not counted.
      position.column += 1
    }
  }

  private mutating func take(_ byte: UInt8) -> Record? {
    switch state {
    case .code: return takeCode(byte)
    case .dash(let place):
      guard byte != UInt8(ascii: "-") else {
        state = .lineComment
        keepComment("--")
        return nil
      }
      state = .code
      keep(UInt8(ascii: "-"), at: place)
      return takeCode(byte)
    case .slash(let place):
      guard byte != UInt8(ascii: "*") else {
        state = .blockComment(afterStar: false)
        keepComment("/*")
        return nil
      }
      state = .code
      keep(UInt8(ascii: "/"), at: place)
      return takeCode(byte)
    case .mark(let place, let count):
      guard byte == Record.byteOrderMark[count] else {
        state = .code
        keepMark(count, at: place)
        return takeCode(byte)
      }
      if count + 1 < Record.byteOrderMark.count {
        state = .mark(place, count + 1)
      } else {
        state = .code
        // No editor counts it as a character.
        position = place
      }
    case .quoted(let quote, _):
      keep(byte, at: position)
      if byte == quote { state = .code }
    case .lineComment:
      keepComment(byte)
      if byte == UInt8(ascii: "\n") { state = .code }
    case .blockComment(let afterStar):
      keepComment(byte)
      state =
        afterStar && byte == UInt8(ascii: "/")
        ? .code : .blockComment(afterStar: byte == UInt8(ascii: "*"))
    }
    return nil
  }

  private mutating func takeCode(_ byte: UInt8) -> Record? {
    switch byte {
    case UInt8(ascii: ";"): return end()
    case UInt8(ascii: "-"): state = .dash(position)
    case UInt8(ascii: "/"): state = .slash(position)
    case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"):
      state = .quoted(byte, position)
      keep(byte, at: position)
    case UInt8(ascii: "["):
      state = .quoted(UInt8(ascii: "]"), position)
      keep(byte, at: position)
    case Record.byteOrderMark[0] where start == nil: state = .mark(position, 1)
    default:
      if start != nil || !Self.isSpace(byte) { keep(byte, at: position) }
    }
    return nil
  }

  private mutating func keep(_ byte: UInt8, at place: Position) {
    if start == nil { start = place }
    guard !isTooLong, statement.count < Record.maxLength else {
      isTooLong = true
      statement = []
      return
    }
    statement.append(byte)
  }

  /// Keeps what has turned out to be no byte order mark.
  private mutating func keepMark(_ count: Int, at place: Position) {
    for byte in Record.byteOrderMark[..<count] { keep(byte, at: place) }
  }

  private mutating func keepComment(_ byte: UInt8) {
    if start != nil { keep(byte, at: position) }
  }

  private mutating func keepComment(_ bytes: StaticString) {
    for index in 0..<bytes.utf8CodeUnitCount { keepComment(bytes.utf8Start[index]) }
  }

  private mutating func end() -> Record? {
    defer { reset() }
    guard let start else { return nil }
    return Record(
      .input(line: start.line, column: start.column),
      isTooLong
        ? .unusable("the statement is longer than \(Record.maxLength) bytes") : .text(statement))
  }

  private mutating func reset() {
    state = .code
    start = nil
    statement = []
    isTooLong = false
  }

  /// What SQLite takes for space.
  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0d).contains(byte) && byte != 0x0b
  }
}
