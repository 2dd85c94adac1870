/// Cuts the input into lines, which end with a newline; the last one may lack it.
///
/// A carriage return before it belongs to the line, as it may be data.
package struct LineSplitter: Splitter {
  private var line = 1
  private var bytes: [UInt8] = []
  private var isTooLong = false

  package init() {}

  package mutating func next(
    in chunk: UnsafeRawBufferPointer, _ position: inout Int
  ) -> Record? {
    let rest = chunk[position...]
    guard let newline = rest.firstIndex(of: UInt8(ascii: "\n")) else {
      keep(rest)
      position = chunk.count
      return nil
    }
    keep(rest[..<newline])
    position = newline + 1
    return take()
  }

  package mutating func finish() -> Record? {
    bytes.isEmpty && !isTooLong ? nil : take()
  }

  private mutating func keep(_ more: Slice<UnsafeRawBufferPointer>) {
    guard !isTooLong, bytes.count + more.count <= Record.maxLength else {
      isTooLong = true
      bytes = []
      return
    }
    bytes.append(contentsOf: more)
  }

  private mutating func take() -> Record {
    defer {
      line += 1
      bytes = []
      isTooLong = false
    }
    return Record(
      .parameters(line: line),
      isTooLong
        ? .unusable("the line is longer than \(Record.maxLength) bytes") : .text(bytes))
  }
}
