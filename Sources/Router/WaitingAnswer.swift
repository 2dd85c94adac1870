internal import Broker
internal import Wire
internal import ZeroMQ

/// An answer that has to wait, or a chunk of one.
struct WaitingAnswer {
  /// The envelope, a line and the rows.
  let parts: [Part]
  /// Of which request this is a chunk.
  let request: UInt64?
  let bytes: Int

  init(_ parts: [Part], chunkOf request: UInt64? = nil) {
    self.parts = parts
    self.request = request
    bytes = parts.reduce(0) { $0 + $1.count }
  }

  var hasRows: Bool { parts[parts.count - 1].count > 0 }

  /// What is told instead of rows; what has none stays as it is.
  var withoutRows: WaitingAnswer {
    parts[parts.count - 2].withBytes { bytes in
      // Of a result in chunks, the earlier ones count too.
      guard let line = try? LineView(parsing: bytes), hasRows || line["chunks"] != nil,
        line.isWord("OK")
      else { return self }
      let failure = Broker.unread(afterChunks: line["chunks"]?.int ?? 0)
      var error = Outcome.failure(failure).line(id: line["id"]?.text)
      // Of a series it is the same for all.
      error.append("each", line["each"]?.int)
      return WaitingAnswer(parts.dropLast(2) + [.bytes(error.encoded()), .delimiter])
    }
  }
}
