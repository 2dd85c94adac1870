#if canImport(Glibc)
private import Glibc
#endif

/// The sockets and descriptors that a loop waits on, in the order in which they were added.
///
/// It keeps raw references: wait only as long as all of the sockets are open.
package struct PollSet {
  package struct Events: OptionSet, Sendable {
    package let rawValue: Int16
    package init(rawValue: Int16) { self.rawValue = rawValue }
    package static let readable = Events(rawValue: Int16(POLLIN))
    package static let writable = Events(rawValue: Int16(POLLOUT))
  }

  private var items: [pollfd] = []
  private var sockets: [Item] = []

  /// One of the items that is a socket.
  private struct Item {
    unowned(unsafe) let socket: InnerSocket
    let index: Int
  }

  package init() {}

  package var count: Int { items.count }

  /// Whether the last wait ended because something happened.
  package var isAnythingReady: Bool { items.contains { $0.revents != 0 } }

  package mutating func removeAll() {
    items.removeAll(keepingCapacity: true)
    sockets.removeAll(keepingCapacity: true)
  }

  /// A socket as the poll set keeps it, which is not to be used after the socket's end.
  package struct Pollable {
    fileprivate unowned(unsafe) let socket: InnerSocket
  }

  /// Waits for messages. Returns the item's number.
  @discardableResult
  package mutating func add(_ pollable: Pollable) -> Int {
    sockets.append(Item(socket: pollable.socket, index: items.count))
    return add(descriptor: pollable.socket.descriptor)
  }

  @discardableResult
  package mutating func add(_ socket: borrowing Socket) -> Int {
    add(socket.pollable)
  }

  /// Returns the item's number. No events at all: to see only that the descriptor has failed.
  @discardableResult
  package mutating func add(descriptor: Int32, _ events: Events = .readable) -> Int {
    items.append(pollfd(fd: descriptor, events: events.rawValue, revents: 0))
    return items.count - 1
  }

  /// Waits until something has happened or the time is over; nil waits without end.
  /// A signal ends the wait early, with nothing ready, and so does what libzmq's threads have to say
  /// that is no message.
  ///
  /// Not zmq_poll, which looks at each socket twice for every wait that sleeps: a system call each.
  package mutating func wait(milliseconds: Int?) throws(ZMQError) {
    var milliseconds = milliseconds.map { Int32(clamping: $0) } ?? -1
    for item in sockets where !item.socket.isDrained {
      try item.socket.look()
      if !item.socket.isDrained { milliseconds = 0 }
    }
    if poll(&items, nfds_t(items.count), milliseconds) < 0 {
      let error = ZMQError.last("poll")
      guard error.code == ZMQError.interrupted else { throw error }
      for index in items.indices { items[index].revents = 0 }
    }
    for item in sockets {
      if items[item.index].revents != 0 { try item.socket.look() }
      items[item.index].revents = item.socket.isDrained ? 0 : Events.readable.rawValue
    }
  }

  /// Whether anything happened to the item added as number `index`.
  package func isReady(_ index: Int) -> Bool { items[index].revents != 0 }

  /// Whether that was an error or a hang-up.
  package func hasFailed(_ index: Int) -> Bool {
    items[index].revents & ~Int16(POLLIN | POLLOUT) != 0
  }
}

extension Socket {
  package var pollable: PollSet.Pollable { PollSet.Pollable(socket: inner) }
}
