internal import CZeroMQ
internal import Synchronization

/// A socket that reports what its connections go through.
package struct MonitoredSocket: ~Copyable {
  package struct Event: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static let accepted = Event(rawValue: UInt16(ZMQ_EVENT_ACCEPTED))
    package static let acceptFailed = Event(rawValue: UInt16(ZMQ_EVENT_ACCEPT_FAILED))
    package static let handshakeSucceeded = Event(
      rawValue: UInt16(ZMQ_EVENT_HANDSHAKE_SUCCEEDED))
    /// A connection has ended before its peer had said properly who it is.
    package static let handshakeFailed = Event(
      rawValue: UInt16(ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL))
    package static let disconnected = Event(rawValue: UInt16(ZMQ_EVENT_DISCONNECTED))
    /// The socket was closed, and what it was to send has left, or the time for that is over.
    static let stopped = Event(rawValue: UInt16(ZMQ_EVENT_MONITOR_STOPPED))
  }

  package struct Report: Sendable {
    package let event: Event
    /// The descriptor of a connection that was accepted or has disconnected; the errno for which a
    /// handshake failed.
    package let value: Int32
  }

  package let socket: Socket
  /// For the poll set: readable when there are reports.
  package let monitor: Socket

  /// How many there have been, as no two may have the same name.
  private static let count = Atomic(0)

  /// - Parameters:
  ///   - events: those that are reported.
  ///   - name: for errors.
  package init(
    _ kind: Socket.Kind, _ events: Event, name: String, in context: Context
  ) throws(ZMQError) {
    let number = Self.count.add(1, ordering: .relaxed).newValue
    let endpoint = "inproc://monitor/\(name)/\(number)"
    let socket = try Socket(kind, in: context)
    let monitor = try Socket(.pair, in: context)
    // A full monitor would stop ZeroMQ's own thread, and with it all connections.
    try monitor.set(.receiveHighWaterMark, 0)
    let all = events.union(.stopped)
    guard zmq_socket_monitor(socket.handle, endpoint, Int32(all.rawValue)) == 0 else {
      throw .last("monitor \(name)")
    }
    try monitor.connect(endpoint)
    self.socket = socket
    self.monitor = monitor
  }

  /// Closes the socket, which must not be used any more, and waits until what it was to send has left,
  /// or its LINGER is over.
  package func finish() throws(ZMQError) {
    socket.close()
    var poll = PollSet()
    while true {
      poll.removeAll()
      poll.add(monitor)
      try poll.wait(milliseconds: nil)
      while let report = try nextReport() {
        if report.event.contains(.stopped) { return }
      }
    }
  }

  deinit {
    if socket.isClosed { return }
    // So would a report that nobody is there to take.
    zmq_socket_monitor(socket.handle, nil, 0)
  }

  /// The next report, or nothing when there is none yet.
  package func nextReport() throws(ZMQError) -> Report? {
    guard let message = try monitor.receive(), message[0].count >= 6 else { return nil }
    return Report(
      event: Event(rawValue: message[0].loadUnaligned(as: UInt16.self)),
      value: message[0].loadUnaligned(fromByteOffset: 2, as: Int32.self))
  }
}
