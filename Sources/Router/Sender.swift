package import Broker
internal import Wire
internal import ZeroMQ

/// Who has sent a message, and what its answers begin with.
package final class Sender {
  /// What a client may put around its request: proxies on the way add a frame each.
  static let maxEnvelope = 8
  /// The bytes of all that, with the routing id.
  static let maxEnvelopeSize = 1024

  /// The routing id.
  package let connection: PeerID
  /// The frames between the routing id and the empty one that ends the envelope.
  let envelope: [[UInt8]]
  /// The connection and envelope, by which the client's ids are told from others'.
  package let client: PeerID
  /// Whether several answers may come in one message.
  let takesPacked: Bool

  init(
    _ connection: PeerID, envelope: [[UInt8]] = [], client: PeerID? = nil,
    takesPacked: Bool = false
  ) {
    self.connection = connection
    self.envelope = envelope
    self.client = client ?? connection
    self.takesPacked = takesPacked
  }

  /// The sender of a message.
  /// - Parameters:
  ///   - delimiter: where the empty frame stands that ends the envelope.
  ///   - latest: that of the message before: it is the same object if it is the same sender.
  static func of(
    _ message: Multipart, delimiter: Int, takesPacked: Bool, latest: Sender?
  ) -> Sender {
    let connection = PeerID(message[0])
    if delimiter > 1 {
      return Sender(connection, behind: message, delimiter: delimiter, takesPacked: takesPacked)
    }
    if let latest, latest.connection == connection, latest.envelope.isEmpty,
      latest.takesPacked == takesPacked
    {
      return latest
    }
    return Sender(connection, takesPacked: takesPacked)
  }

  private convenience init(
    _ connection: PeerID, behind message: Multipart, delimiter: Int, takesPacked: Bool
  ) {
    var bytes: [UInt8] = []
    for index in 0..<delimiter {
      withUnsafeBytes(of: UInt16(message[index].count).bigEndian) { bytes.append(contentsOf: $0) }
      bytes.append(contentsOf: message[index])
    }
    self.init(
      connection, envelope: (1..<delimiter).map { Array(message[$0]) },
      client: .scoped(bytes), takesPacked: takesPacked)
  }

  /// Where the envelope of a message ends; nil when it has none, or too large a one.
  static func delimiter(of message: Multipart) -> Int? {
    var size = message[0].count
    for index in 1..<max(1, min(message.count, maxEnvelope + 2)) {
      let count = message[index].count
      if count == 0 { return size <= maxEnvelopeSize ? index : nil }
      size += count
    }
    return nil
  }

  /// The frames of an answer before its line.
  var envelopeParts: [Part] {
    [.bytes(connection.bytes)] + envelope.map(Part.bytes) + [.delimiter]
  }
}
