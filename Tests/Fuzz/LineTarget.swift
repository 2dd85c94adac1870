import Wire

/// The line codec: whatever is read prints as something that reads the same.
enum LineTarget {
  static func run(_ source: inout Source) throws(Finding) {
    let bytes = source.input(like: Corpus.lines)
    source.trace(bytes)
    guard let line = try parse(bytes) else { return }
    let printed = line.encoded()
    // Escapes may make it longer than a line that is read may be.
    guard printed.count <= Line.maxLength else { return }
    guard let again = try parse(printed) else {
      throw Finding("what was printed is not read: \(line)", bytes)
    }
    try expect(again == line && again.encoded() == printed, "not the same again", bytes)
  }

  private static func parse(_ bytes: [UInt8]) throws(Finding) -> Line? {
    do throws(LineError) {
      return try Line(parsing: bytes)
    } catch {
      try expect((0...bytes.count).contains(error.offset), "an offset beyond the line", bytes)
      return nil
    }
  }
}
