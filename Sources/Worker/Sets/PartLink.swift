internal import Toolkit
internal import Wire
internal import ZeroMQ

/// The connection over which a worker is a client of its router.
struct PartLink: ~Copyable {
  let socket: Socket

  init(to endpoint: String, in context: Context) throws(ZMQError) {
    let socket = try Socket(.dealer, in: context)
    try socket.set(.reconnectInterval, 10)
    try socket.connect(endpoint)
    self.socket = socket
  }

  /// Sends a message and what travels behind its line; false when the router takes none.
  func send(
    _ message: ClientMessage, _ frames: [UnsafeRawBufferPointer] = []
  ) throws(ZMQError) -> Bool {
    let outcome = try socket.send(
      [.delimiter, .bytes(message.line.encoded())] + frames.map { Part.raw($0) })
    return outcome == .sent
  }

  /// What has come, one thing after the other; nil when there is nothing more yet.
  func receive() throws(ZMQError) -> Received? {
    while let message = try socket.receive() {
      if let received = Received(message) { return received }
    }
    return nil
  }

  struct Received {
    enum Content {
      case chunk
      /// After so many chunks.
      case answer(Outcome, chunks: Int)
    }

    /// The number that was given to what this is about.
    let id: Int
    let content: Content
    let body: Part

    /// Nil for what no router says.
    init?(_ message: Multipart) {
      guard message.count == 3, message[0].isEmpty, let line = try? LineView(parsing: message[1]),
        let id = line["id"]?.int
      else { return nil }
      if line.isWord("MORE") {
        content = .chunk
      } else if let outcome = Outcome(line) {
        content = .answer(outcome, chunks: line["chunks"]?.int ?? 0)
      } else {
        return nil
      }
      self.id = id
      body = .frame(Frame(message, 2))
      withExtendedLifetime(message) {}
    }
  }
}
