internal import CZeroMQ

/// What a socket's connections go through, as messages on a socket of its own.
package struct Monitor: ~Copyable {
  package struct Event: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static let handshakeSucceeded = Event(
      rawValue: UInt16(ZMQ_EVENT_HANDSHAKE_SUCCEEDED))
    package static let disconnected = Event(rawValue: UInt16(ZMQ_EVENT_DISCONNECTED))
  }

  /// For the poll set.
  package let socket: Socket

  /// - Parameter name: unique in the process; names the `inproc:` endpoint.
  package init(
    _ monitored: borrowing Socket, _ events: Event, name: String, in context: Context
  ) throws(ZMQError) {
    let endpoint = "inproc://monitor/\(name)"
    let socket = try Socket(.pair, in: context)
    guard zmq_socket_monitor(monitored.handle, endpoint, Int32(events.rawValue)) == 0 else {
      throw .last("monitor \(name)")
    }
    try socket.connect(endpoint)
    self.socket = socket
  }

  /// The next event, or nothing when there is none yet.
  package func next() throws(ZMQError) -> Event? {
    guard let message = try socket.receive(), message.count > 0, message[0].count >= 2 else {
      return nil
    }
    return Event(rawValue: message[0].loadUnaligned(as: UInt16.self))
  }
}
