internal import Broker
package import Wire
package import ZeroMQ

/// Reads the requests in a client's message: mostly one.
///
///     routing id, envelope of any depth, "", line, SQL, parameters
///     routing id, envelope of any depth, "", MANY line, netstrings
///
/// The netstrings are line, SQL and parameters of one request after the other. Where one cannot be
/// told from the next, the rest of the message is refused as one.
package struct RequestReader {
  package struct Received {
    package let request: ClientRequest
    package let content: Content
  }

  package enum Content {
    case message(ClientMessage)
    /// Why it is refused, and the `id=` that it has as far as that can be told.
    case refused(Failure, id: String?)
  }

  package let sender: Sender
  private let message: Multipart
  private let hasEnvelope: Bool
  /// The frames behind the envelope.
  private let frames: Range<Int>
  /// What is still to be read, if there may be several requests.
  private var packed: NetstringReader?
  private var isAtEnd = false
  private var count = 0
  /// The one before of several.
  private var request: ClientRequest?

  package init(_ message: Multipart, _ latest: inout LatestRequest) {
    let delimiter = Sender.delimiter(of: message)
    hasEnvelope = delimiter != nil
    frames = min((delimiter ?? 0) + 1, message.count)..<message.count
    packed = hasEnvelope ? Self.packed(message, frames) : nil
    sender = Sender.of(
      message, delimiter: delimiter ?? 1, takesPacked: packed != nil, latest: latest.sender)
    latest.sender = sender
    self.message = message
  }

  private static func packed(_ message: Multipart, _ frames: Range<Int>) -> NetstringReader? {
    guard let first = frames.first, Packed.mayBegin(message[first]),
      let line = try? LineView(parsing: message[first]), Packed.isWord(of: line)
    else { return nil }
    let hasFrame = frames.count == 2
    return NetstringReader(
      hasFrame ? message[first + 1] : UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// The next request, nil at the end.
  package mutating func next(_ latest: inout LatestRequest) -> Received? {
    guard !isAtEnd else { return nil }
    defer { withExtendedLifetime(message) {} }
    if packed != nil { return nextPacked(&latest) }
    isAtEnd = true
    return single(&latest)
  }

  private mutating func nextPacked(_ latest: inout LatestRequest) -> Received? {
    guard var packed else { return nil }
    if packed.isAtEnd {
      isAtEnd = true
      return count > 0
        ? nil : refused("MANY needs one frame behind it, of netstrings", size: message.size)
    }
    guard message[frames.lowerBound + 1].count <= Packed.maxSize else {
      isAtEnd = true
      return refused("more than \(Packed.maxSize) bytes of netstrings", size: message.size)
    }
    guard count < Packed.maxRequests else {
      isAtEnd = true
      return refused("more than \(Packed.maxRequests) requests in a message", size: message.size)
    }
    do throws(LineError) {
      let (line, sql, parameters) = (try packed.next(), try packed.next(), try packed.next())
      self.packed = packed
      count += 1
      let size = line.count + sql.count + parameters.count
      return received(
        line, size, hasSQL: true, isAlone: sql.isEmpty && parameters.isEmpty, &latest
      ) {
        let request = ClientRequest(
          $0.sender, size: size, copying: sql, parameters, latest: $0.request, &$1.shapes)
        $0.request = request
        return request
      }
    } catch {
      isAtEnd = true
      return refused("\(error.why) at byte \(error.offset) of the netstrings", size: message.size)
    }
  }

  private mutating func single(_ latest: inout LatestRequest) -> Received {
    let size = message.size - message[0].count - sender.envelope.reduce(0) { $0 + $1.count }
    guard hasEnvelope else {
      return refused(
        "no empty frame in front of the request, behind a small envelope at most", size: size)
    }
    guard !message.isTruncated, frames.count <= 3 else {
      return refused("more frames than a line, SQL and parameters", size: size)
    }
    guard let first = frames.first else { return refused("no line", size: size) }
    return received(
      message[first], size, hasSQL: frames.count > 1, isAlone: frames.count == 1, &latest
    ) {
      ClientRequest(
        $0.sender, size: size, sql: Frame($0.message, first + 1),
        shape: $1.shapes.hash($0.message[first + 1]),
        parameters: $0.frames.count > 2 ? Frame($0.message, first + 2) : nil)
    }
  }

  private func refused(_ why: String, size: Int) -> Received {
    let line = packed == nil ? frames.first.flatMap { try? LineView(parsing: message[$0]) } : nil
    return Received(
      request: ClientRequest(sender, size: size),
      content: .refused(Failure(.badRequest, why), id: line.flatMap(Self.id)))
  }

  /// Reads the line, and checks that what stands behind it fits.
  /// - Parameter statement: makes a request of that.
  private mutating func received(
    _ bytes: UnsafeRawBufferPointer, _ size: Int, hasSQL: Bool, isAlone: Bool,
    _ latest: inout LatestRequest,
    _ statement: (inout RequestReader, inout LatestRequest) -> ClientRequest
  ) -> Received {
    if hasSQL, let query = latest.queries.query(in: bytes) {
      return received(query, statement(&self, &latest))
    }
    let line: LineView
    do throws(LineError) {
      line = try LineView(parsing: bytes)
    } catch {
      return refused(error.description, size: size)
    }
    do throws(Failure) {
      let message = try ClientMessage(line)
      guard case .query(let query) = message else {
        guard isAlone else { throw Failure(.badRequest, "\(line.word) is a line alone") }
        return Received(request: ClientRequest(sender, size: size), content: .message(message))
      }
      guard hasSQL else { throw Failure(.badRequest, "QUERY without a frame of SQL") }
      latest.queries.learn(line, query)
      return received(query, statement(&self, &latest))
    } catch {
      return Received(
        request: ClientRequest(sender, size: size),
        content: .refused(error, id: Self.id(of: line)))
    }
  }

  /// The id with which a line is refused. What has no answer of its own must not be taken for the end of
  /// a request.
  private static func id(of line: LineView) -> String? {
    guard !line.isWord("CREDIT"), !line.isWord("CANCEL"), let id = line["id"]?.text,
      id.utf8.count <= ClientMessage.maxIdLength
    else { return nil }
    return id
  }

  /// Sees to it that a series is one.
  private func received(_ query: Query, _ request: ClientRequest) -> Received {
    guard let each = query.each else {
      return Received(request: request, content: .message(.query(query)))
    }
    // Whoever sends several requests in a message can take several answers to this one.
    let problem =
      packed == nil
      ? "each= is for requests in a MANY message"
      : request.hasSets(each)
        ? nil : "the parameters are not netstrings, as many as each= says"
    guard let problem else { return Received(request: request, content: .message(.query(query))) }
    return Received(
      request: ClientRequest(sender, size: request.size),
      content: .refused(Failure(.badRequest, problem), id: query.id))
  }
}

/// What is known of the request before: most are like it.
package struct LatestRequest {
  fileprivate var sender: Sender?
  fileprivate var queries = QueryReader()
  fileprivate var shapes = StatementShape.Latest()

  package init() {}
}
