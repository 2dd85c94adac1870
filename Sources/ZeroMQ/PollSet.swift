internal import CZeroMQ

/// The sockets and descriptors that a loop waits on, in the order in which they were added.
///
/// It keeps raw handles: fill it anew before each wait, from sockets that are still open.
package struct PollSet {
  package struct Events: OptionSet, Sendable {
    package let rawValue: Int16
    package init(rawValue: Int16) { self.rawValue = rawValue }
    package static let readable = Events(rawValue: Int16(ZMQ_POLLIN))
    package static let writable = Events(rawValue: Int16(ZMQ_POLLOUT))
    /// An error or hang-up of a descriptor; always reported.
    package static let failed = Events(rawValue: Int16(ZMQ_POLLERR))
  }

  private var items: [zmq_pollitem_t] = []

  package init() {}

  package var count: Int { items.count }

  /// Whether the last wait ended because something happened.
  package var isAnythingReady: Bool { items.contains { $0.revents != 0 } }

  package mutating func removeAll() {
    items.removeAll(keepingCapacity: true)
  }

  /// A socket as the poll set keeps it, which is not to be used after the socket's end.
  package struct Pollable {
    fileprivate let handle: UnsafeMutableRawPointer
  }

  /// Returns the item's number.
  @discardableResult
  package mutating func add(_ socket: Pollable, _ events: Events = .readable) -> Int {
    items.append(zmq_pollitem_t(socket: socket.handle, fd: 0, events: events.rawValue, revents: 0))
    return items.count - 1
  }

  @discardableResult
  package mutating func add(_ socket: borrowing Socket, _ events: Events = .readable) -> Int {
    add(socket.pollable, events)
  }

  /// Returns the item's number. No events at all: to see only that the descriptor has failed.
  @discardableResult
  package mutating func add(descriptor: Int32, _ events: Events = .readable) -> Int {
    items.append(
      zmq_pollitem_t(socket: nil, fd: descriptor, events: events.rawValue, revents: 0))
    return items.count - 1
  }

  /// Waits until something has happened or the time is over; nil waits without end.
  /// A signal ends the wait early, with nothing ready.
  package mutating func wait(milliseconds: Int?) throws(ZMQError) {
    let result = zmq_poll(&items, Int32(items.count), milliseconds ?? -1)
    guard result < 0 else { return }
    let error = ZMQError.last("poll")
    guard error.code == ZMQError.interrupted else { throw error }
    for index in items.indices { items[index].revents = 0 }
  }

  /// What happened to the item added as number `index`.
  package subscript(index: Int) -> Events {
    Events(rawValue: items[index].revents)
  }
}

extension Socket {
  package var pollable: PollSet.Pollable { PollSet.Pollable(handle: handle) }
}
