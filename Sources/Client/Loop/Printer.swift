internal import Toolkit
internal import ZeroMQ

/// Standard output, behind a buffer.
struct Printer: ~Copyable {
  /// In bytes; above, the buffer is written, and a body this large passes it by.
  private static let bufferSize = 65_536

  private let laysOutTables: Bool
  private let marksEnds: Bool
  private var buffer: [UInt8] = []
  /// Of a table, what has come so far.
  private var rows: [UInt8] = []
  private var hasPrinted = false

  /// - Parameters:
  ///   - tables: whether bodies are CSV, to be shown as tables.
  ///   - marksEnds: whether an empty line is to end each body, so that a reader knows that it is
  ///     complete, also when it has no rows.
  init(tables: Bool, marksEnds: Bool) {
    laysOutTables = tables
    self.marksEnds = marksEnds
    if tables { DisplayText.prepare() }
  }

  /// Whether something waits to be flushed.
  var isPending: Bool { !buffer.isEmpty }

  /// Prints a result, or the end of one.
  mutating func print(_ body: Part) throws(ToolError) {
    if laysOutTables {
      try printTable(body)
    } else {
      try append(body)
    }
    if marksEnds { buffer.append(UInt8(ascii: "\n")) }
  }

  /// Prints a part of a result that goes on.
  mutating func print(chunk: Part) throws(ToolError) {
    if laysOutTables {
      chunk.withBytes { rows.append(contentsOf: $0) }
    } else {
      try append(chunk)
    }
  }

  /// The result that has begun does not go on.
  mutating func breakOff() throws(ToolError) {
    rows = []
    // On a terminal, what was printed before stands before what is said about it.
    try flush()
  }

  private mutating func append(_ body: Part) throws(ToolError) {
    if buffer.count + body.count > Self.bufferSize { try flush() }
    if body.count >= Self.bufferSize {
      try body.withBytes { bytes throws(ToolError) in try Output.write(bytes) }
    } else {
      body.withBytes { buffer.append(contentsOf: $0) }
    }
  }

  private mutating func printTable(_ body: Part) throws(ToolError) {
    if hasPrinted && !marksEnds { buffer.append(UInt8(ascii: "\n")) }
    hasPrinted = true
    let table: Table
    if rows.isEmpty {
      table = body.withBytes { Table(csv: $0) }
    } else {
      body.withBytes { rows.append(contentsOf: $0) }
      table = rows.withUnsafeBytes { Table(csv: $0) }
      rows = []
    }
    try table.append(to: &buffer) { buffer throws(ToolError) in
      if buffer.count >= Self.bufferSize { try Self.write(&buffer) }
    }
  }

  mutating func flush() throws(ToolError) {
    if isPending { try Self.write(&buffer) }
  }

  private static func write(_ buffer: inout [UInt8]) throws(ToolError) {
    try Output.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }
}
