private import Wire
internal import ZeroMQ

extension Request {
  /// The request as it travels: `[""][line][sql][parameters]`, the last frame only if there are any
  /// and the last two only for a query.
  func frames(id: UInt64, deadlineMilliseconds: Int) -> [Part] {
    switch message {
    case .query(var query):
      query.id = String(id)
      query.deadlineMilliseconds = deadlineMilliseconds
      let line = ClientMessage.query(query).line.encoded()
      return parameters.isEmpty
        ? [.delimiter, .bytes(line), .bytes(sql)]
        : [.delimiter, .bytes(line), .bytes(sql), .bytes(parameters)]
    case .show(var show):
      show.id = String(id)
      return [.delimiter, .bytes(ClientMessage.show(show).line.encoded())]
    case .cancel, .credit, .next: return [.delimiter, .bytes(message.line.encoded())]
    }
  }
}
