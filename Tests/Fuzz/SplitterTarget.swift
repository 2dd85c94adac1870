import Client
import Supervision

/// What cuts a stream into pieces: however it comes, the pieces are the same.
enum SplitterTarget {
  private static let samples = [
    "select 1; select 'a;''b';\n-- c;\nselect \"x;\" /* ; */ from [t;];", "select `a;b`/2-1;;;",
    "\u{feff}a\tb\n\n\\N\t1\r\nlast", "\u{feff}select 1 -- end", "/**/;select 'open",
    "- - / * -;/-/*-*/-",
  ].map { Array($0.utf8) }

  static func run(_ source: inout Source) throws(Finding) {
    let bytes = source.input(like: samples)
    source.trace(bytes)
    try cut(bytes, StatementSplitter(), at: UInt8(ascii: ";"), &source)
    try cut(bytes, LineSplitter(), at: UInt8(ascii: "\n"), &source)
    try assemble(bytes, &source)
  }

  private static func cut(
    _ bytes: [UInt8], _ splitter: some Splitter, at end: UInt8, _ source: inout Source
  ) throws(Finding) {
    let whole = records(splitter, [bytes])
    let pieces = records(splitter, chunks(of: bytes, &source))
    try expect(whole == pieces, "other records when it comes in pieces", bytes)
    let ends = bytes.count { $0 == end }
    try expect(whole.count <= ends + 1, "\(whole.count) records of \(ends) ends", bytes)
  }

  private static func records(_ splitter: some Splitter, _ chunks: [[UInt8]]) -> [Record] {
    var splitter = splitter
    var records: [Record] = []
    for chunk in chunks {
      chunk.withUnsafeBytes { bytes in
        var position = 0
        while let record = splitter.next(in: bytes, &position) { records.append(record) }
      }
    }
    if let last = splitter.finish() { records.append(last) }
    return records
  }

  private static func chunks(of bytes: [UInt8], _ source: inout Source) -> [[UInt8]] {
    var chunks: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = min(rest.count, 1 + source.below(source.chance(50) ? 4 : 1000))
      chunks.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return chunks
  }

  /// The lines that a supervisor makes of what its children say.
  private static func assemble(_ bytes: [UInt8], _ source: inout Source) throws(Finding) {
    var assembler = LineAssembler()
    var all: [UInt8] = []
    var isWhole = true
    let take = { (line: ArraySlice<UInt8>) in
      isWhole = isWhole && line.last == UInt8(ascii: "\n") && line.count <= LineAssembler.maxLength
      all += line
    }
    for chunk in chunks(of: bytes, &source) {
      chunk.withUnsafeBytes { assembler.append($0, take) }
    }
    assembler.end(take)
    try expect(isWhole, "a line without an end, or too long", bytes)
    guard bytes.count < LineAssembler.maxLength else { return }
    let ended = bytes.isEmpty || bytes.last == UInt8(ascii: "\n") ? bytes : bytes + [0x0a]
    try expect(all == ended, "something was lost", bytes)
  }
}
