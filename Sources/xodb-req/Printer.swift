internal import Client
internal import Toolkit
internal import ZeroMQ

/// Standard output, behind a buffer.
struct Printer: ~Copyable {
  /// In bytes; above, the buffer is written, and a body this large passes it by.
  private static let bufferSize = 65_536

  private let laysOutTables: Bool
  private let marksEnds: Bool
  private var buffer: [UInt8] = []
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

  mutating func print(_ body: Part) throws(ToolError) {
    if laysOutTables {
      try printTable(body)
    } else {
      if buffer.count + body.count > Self.bufferSize { try flush() }
      if body.count >= Self.bufferSize {
        try body.withBytes { bytes throws(ToolError) in try Output.write(bytes) }
      } else {
        body.withBytes { buffer.append(contentsOf: $0) }
      }
    }
    if marksEnds { buffer.append(UInt8(ascii: "\n")) }
  }

  private mutating func printTable(_ body: Part) throws(ToolError) {
    if hasPrinted && !marksEnds { buffer.append(UInt8(ascii: "\n")) }
    hasPrinted = true
    let table = body.withBytes { Table(csv: $0) }
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
