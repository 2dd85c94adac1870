internal import Client
internal import Toolkit
internal import ZeroMQ

/// Standard output, behind a buffer.
struct Printer: ~Copyable {
  /// In bytes; above, the buffer is written, and a body this large passes it by.
  private static let bufferSize = 65_536

  private let laysOutTables: Bool
  private var buffer: [UInt8] = []
  private var hasPrinted = false

  /// - Parameter tables: whether bodies are CSV, to be shown as tables.
  init(tables: Bool) {
    laysOutTables = tables
    if tables { DisplayText.prepare() }
  }

  /// Whether something waits to be flushed.
  var isPending: Bool { !buffer.isEmpty }

  mutating func print(_ body: Part) throws(ToolError) {
    guard !laysOutTables else { return try printTable(body) }
    if buffer.count + body.count > Self.bufferSize { try flush() }
    if body.count >= Self.bufferSize {
      try body.withBytes { bytes throws(ToolError) in try Output.write(bytes) }
    } else {
      body.withBytes { buffer.append(contentsOf: $0) }
    }
  }

  private mutating func printTable(_ body: Part) throws(ToolError) {
    if hasPrinted { buffer.append(UInt8(ascii: "\n")) }
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
