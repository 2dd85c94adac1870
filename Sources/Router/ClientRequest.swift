package import Broker
package import Wire
package import ZeroMQ

/// A client's message as it came: where the answer goes, the SQL and the parameters.
///
///     routing id, envelope of any depth, "", line, SQL, parameters
package final class ClientRequest: Statement {
  /// What a client may put around its request: proxies on the way add a frame each.
  static let maxEnvelope = 8
  /// The bytes of all that, with the routing id.
  static let maxEnvelopeSize = 1024

  package let message: Multipart
  /// The routing id.
  package let connection: PeerID
  /// Where the empty frame stands that ends the envelope; nil when there is none, and the envelope
  /// is the routing id alone.
  let delimiter: Int?
  /// Of the frames behind the envelope, in bytes.
  package let size: Int

  package init(_ message: Multipart) {
    self.message = message
    let id = message[0]
    connection = PeerID(id)
    var envelopeSize = id.count
    var index = 1
    let end = min(message.count, Self.maxEnvelope + 2)
    while index < end {
      let count = message[index].count
      if count == 0 { break }
      envelopeSize += count
      index += 1
    }
    let isEnvelope = index < end && envelopeSize <= Self.maxEnvelopeSize
    delimiter = isEnvelope ? index : nil
    size = message.size - (isEnvelope ? envelopeSize : id.count)
  }

  /// The connection and envelope, by which the client's ids are told from others'.
  package var client: PeerID {
    guard let delimiter, delimiter > 1 else { return connection }
    var bytes: [UInt8] = []
    for index in 0..<delimiter {
      bytes.append(UInt8(truncatingIfNeeded: message[index].count))
      bytes.append(contentsOf: message[index])
    }
    return bytes.withUnsafeBytes { PeerID($0) }
  }

  /// The frames behind the envelope.
  var frames: Range<Int> { (delimiter ?? 0) + 1..<message.count }

  /// Reads the line, and checks that the frames fit it.
  package func parse() throws(Failure) -> ClientMessage {
    guard delimiter != nil else {
      throw Failure(
        .badRequest, "no empty frame in front of the request, behind a small envelope at most")
    }
    guard !message.isTruncated, frames.count <= 3 else {
      throw Failure(.badRequest, "more frames than a line, SQL and parameters")
    }
    guard let first = frames.first else { throw Failure(.badRequest, "no line") }
    let line: LineView
    do throws(LineError) {
      line = try LineView(parsing: message[first])
    } catch {
      throw Failure(.badRequest, error.description)
    }
    let parsed = try ClientMessage(line)
    switch parsed {
    case .query where frames.count < 2: throw Failure(.badRequest, "QUERY without a frame of SQL")
    case .show where frames.count > 1, .cancel where frames.count > 1,
      .credit where frames.count > 1, .next where frames.count > 1:
      throw Failure(.badRequest, "\(line.word) is a line alone")
    default: return parsed
    }
  }

  /// The `id=` of a line that is otherwise not understood, so that its sender can tell which it was.
  var id: String? {
    frames.first.flatMap { try? LineView(parsing: message[$0]) }?["id"]?.text
  }

  private func hash(_ frame: Int) -> UInt64 {
    guard frame < frames.upperBound else { return 0 }
    var hasher = Hasher()
    hasher.combine(bytes: message[frame])
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  /// What a worker gets; nil for the parameters when there are none.
  var statement: (sql: Frame, parameters: Frame?) {
    let sql = frames.lowerBound + 1
    let hasParameters = sql + 1 < frames.upperBound
    return (Frame(message, sql), hasParameters ? Frame(message, sql + 1) : nil)
  }

  /// The frames between the routing id and an answer's line.
  var envelope: Range<Int> { 1..<(delimiter ?? 0) + 1 }
}

extension ClientRequest {
  /// What is shown of a statement, in bytes.
  private static let maxExcerpt = 200

  package var textHash: UInt64 { hash(frames.lowerBound + 1) }

  package var parametersHash: UInt64 { hash(frames.lowerBound + 2) }

  package var excerpt: String {
    guard frames.count > 1 else { return "" }
    return String(decoding: message[frames.lowerBound + 1].prefix(Self.maxExcerpt), as: UTF8.self)
  }
}
