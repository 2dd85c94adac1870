internal import Toolkit
internal import Wire
internal import ZeroMQ

/// Requests on their way to a link: those that follow each other and differ in nothing but their parameters
/// are sent as a series, which costs the router hardly more than one of them.
struct SeriesWriter: ~Copyable {
  /// So many at most: several workers may begin then while the next ones are written.
  private static let most = 64
  /// What `each=` adds to a line, in bytes.
  private static let keySize = 16

  /// The first of those that are not sent yet.
  private var first: (request: Request, id: UInt64, deadlineMilliseconds: Int, line: Line)?
  private var count: UInt64 = 0
  /// The parameters of each.
  private var sets = ByteBuffer()

  /// Sends a request, at the latest when `flush` is called.
  mutating func send(
    _ request: Request, id: UInt64, deadlineMilliseconds: Int, to link: inout Link
  ) throws(ToolError) {
    if let first, count < Self.most, id == first.id + count, first.id <= ClientMessage.maxSeriesID,
      deadlineMilliseconds == first.deadlineMilliseconds,
      request.goesWith(first.request),
      fits(request, behind: first.line)
    {
      sets.append(netstring: request.parameters)
      count += 1
      return
    }
    try flush(to: &link)
    first = (
      request, id, deadlineMilliseconds,
      request.line(id: id, deadlineMilliseconds: deadlineMilliseconds)
    )
    count = 1
    sets.append(netstring: request.parameters)
  }

  /// Whether a series can have this one as well: it travels in a message with others.
  private func fits(_ request: Request, behind line: Line) -> Bool {
    Link.takesPacked(
      line.content.count + Self.keySize + request.sql.count + sets.count
        + ByteBuffer.netstringSize(request.parameters.count))
  }

  /// Sends what was not sent yet.
  mutating func flush(to link: inout Link) throws(ToolError) {
    guard let (request, _, _, line) = first else { return }
    first = nil
    defer { sets.removeAll() }
    if count == 1 {
      try link.send(line, .bytes(request.sql), .bytes(request.parameters))
    } else {
      defer { withExtendedLifetime(sets) {} }
      try link.send(line.with("each", Int(count)), .bytes(request.sql), .raw(sets.bytes))
    }
  }
}
