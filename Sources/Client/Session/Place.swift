package import Toolkit
package import Wire

/// Where a statement stands, for those who have to look for it.
package enum Place: Equatable, Sendable {
  /// On the command line, for this database or other subject.
  case argument(String)
  /// In the input: it begins at this line and this character of it, both counted from 1.
  case input(line: Int, column: Int)
  /// On the command line, with parameters from this line of the input.
  case parameters(line: Int)
}

extension Place {
  /// Of the input, if it is there.
  package var line: Int? {
    switch self {
    case .argument: nil
    case .input(let line, _), .parameters(let line): line
    }
  }

  /// What a diagnostic begins with.
  package var description: String {
    switch self {
    case .argument(let subject): subject
    case .input(let line, _), .parameters(let line): "line \(line)"
    }
  }

  /// The failure of a statement that was sent so, with the line and the character if known.
  package func error(_ failure: Failure, sql: [UInt8]) -> ToolError {
    let why = failure.text
    let status = failure.code.exitStatus
    guard let offset = failure.offset, sql.indices.contains(offset) else {
      return ToolError(description, why, status)
    }
    let before = sql[..<offset]
    let line = before.count { $0 == UInt8(ascii: "\n") }
    let lastLine = before.suffix(while: { $0 != UInt8(ascii: "\n") })
    // Bytes that continue a character are not counted.
    let column = lastLine.count { $0 & 0xc0 != 0x80 } + 1
    switch self {
    case .input(let first, let firstColumn):
      let column = line == 0 ? column + firstColumn - 1 : column
      return ToolError("line \(first + line)", "\(why) (at column \(column))", status)
    case .argument, .parameters:
      let at = line == 0 ? "column \(column)" : "line \(line + 1), column \(column)"
      return ToolError(description, "\(why) (at \(at))", status)
    }
  }
}

extension Failure {
  /// What it says, or else its code.
  var text: String { message.isEmpty ? code.rawValue : message }
}

extension ArraySlice<UInt8> {
  /// The longest end of it whose bytes all satisfy the predicate.
  fileprivate func suffix(while predicate: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let last = lastIndex { !predicate($0) }
    return self[(last.map { $0 + 1 } ?? startIndex)...]
  }
}
