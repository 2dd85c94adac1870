#if canImport(Glibc)
private import Glibc
#endif

/// Cuts the input into lines, which end with a newline; the last one may lack it.
///
/// A carriage return before it is none of the line: one that is data stands there as `\r`.
package struct LineSplitter: Splitter {
  private var line = 1
  private var bytes: [UInt8] = []
  private var isTooLong = false

  package init() {}

  package mutating func next(
    in chunk: UnsafeRawBufferPointer, _ position: inout Int
  ) -> Record? {
    let rest = UnsafeRawBufferPointer(rebasing: chunk[position...])
    guard let newline = rest.firstNewline else {
      keep(rest)
      position = chunk.count
      return nil
    }
    keep(UnsafeRawBufferPointer(rebasing: rest[..<newline]))
    position += newline + 1
    dropMark()
    return take()
  }

  package var begun: Place? {
    bytes.isEmpty && !isTooLong ? nil : .parameters(line: line)
  }

  package mutating func finish() -> Record? {
    dropMark()
    return begun == nil ? nil : take()
  }

  private mutating func dropMark() {
    guard line == 1, bytes.starts(with: Record.byteOrderMark) else { return }
    bytes.removeFirst(Record.byteOrderMark.count)
  }

  private mutating func keep(_ more: UnsafeRawBufferPointer) {
    guard !isTooLong, bytes.count + more.count <= Record.maxLength else {
      isTooLong = true
      bytes = []
      return
    }
    if bytes.isEmpty { bytes = Array(more) } else { bytes.append(contentsOf: more) }
  }

  private mutating func take() -> Record {
    defer {
      line += 1
      bytes = []
      isTooLong = false
    }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    return Record(
      .parameters(line: line),
      isTooLong
        ? .unusable("the line is longer than \(Record.maxLength) bytes") : .text(bytes))
  }
}

extension UnsafeRawBufferPointer {
  /// Where the first newline is.
  fileprivate var firstNewline: Int? {
    guard let start = baseAddress, let found = memchr(start, 0x0a, count) else { return nil }
    return UnsafeRawPointer(found) - start
  }
}
