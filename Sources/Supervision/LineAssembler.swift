/// Makes whole lines of the pieces that arrive from a pipe.
package struct LineAssembler {
  /// In bytes, with its newline. A longer line is broken.
  package static let maxLength = 65_536

  private var begun: [UInt8] = []

  package init() {}

  /// Takes a piece; gives each line that it ends to `body`, with its newline.
  package mutating func append(
    _ piece: UnsafeRawBufferPointer, _ body: (ArraySlice<UInt8>) -> Void
  ) {
    var rest = piece[...]
    while !rest.isEmpty {
      let room = Self.maxLength - 1 - begun.count
      if let end = rest.prefix(room + 1).firstIndex(of: UInt8(ascii: "\n")) {
        begun.append(contentsOf: rest[...end])
        rest = rest[(end + 1)...]
        body(begun[...])
        begun.removeAll(keepingCapacity: true)
      } else {
        begun.append(contentsOf: rest.prefix(room))
        rest = rest.dropFirst(room)
        // What is exactly as long as allowed may still get its own newline.
        if !rest.isEmpty { end(body) }
      }
    }
  }

  /// Ends a line that was begun.
  package mutating func end(_ body: (ArraySlice<UInt8>) -> Void) {
    guard !begun.isEmpty else { return }
    begun.append(UInt8(ascii: "\n"))
    body(begun[...])
    begun.removeAll()
  }
}
