package import Wire
package import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// Listens to every publisher in a run directory, also to those that come later or come back, and to
/// those at other endpoints; and has them all say their state again when it has missed any events.
package struct Subscriber: ~Copyable {
  /// For the poll set: readable when something was published, and when a connection has ended.
  package let base: MonitoredSocket
  /// Nil without a directory.
  private let watch: Descriptor?
  private let directory: RunDirectory?
  /// The sockets connected to. A publisher that comes back has a new one.
  private var connected: [String: Incarnation]
  /// Publishers whose socket is gone, and since when. Disconnecting drops what has arrived and was
  /// not received yet, which would be a publisher's last words: so they stay connected for a while.
  private var departed: [String: Instant] = [:]
  /// Those that `receive`, when it last found nothing more, has given up without having heard their
  /// end.
  package private(set) var lostWithoutEnd: [String] = []
  private var tracker = SequenceTracker()
  /// Until then, the states that were asked for are on their way.
  private var nextRenewal = Instant.start
  /// Publishers have come back, and the connection to their old socket waits to be given up.
  private var hasReturned = false
  private var hasLostConnection = false

  /// Connects to the publishers there are.
  /// - Parameters:
  ///   - directory: which must exist, if there is one.
  ///   - endpoints: of publishers that are not in it.
  package init(
    _ directory: RunDirectory?, endpoints: [String] = [], context: Context
  ) throws(ToolError) {
    var watch: Descriptor?
    var present: [String: Incarnation] = [:]
    var all = endpoints
    if let directory {
      watch = try Self.watch(directory.events)
      present = try Self.sockets(in: directory.events)
      all += present.keys.map { Self.endpoint($0, in: directory) }
    }
    let base = try Self.makeSocket(context)
    for endpoint in endpoints where !Endpoint.isInProcess(endpoint) {
      try Endpoint.checkConnect(endpoint)
    }
    // What can still be wrong is an endpoint.
    try ToolError.wrapping(.usage) { () throws(ZMQError) in
      for endpoint in all { try base.socket.connect(endpoint) }
    }
    connected = present
    self.watch = watch
    self.base = base
    self.directory = directory
  }

  /// For the poll set: readable when publishers came or went; -1 without a directory.
  package var watchDescriptor: Int32 {
    switch watch {
    case .some(let watch): watch.number
    case nil: -1
    }
  }

  private static func watch(_ path: String) throws(ToolError) -> Descriptor {
    let watch = try Descriptor.inotify(path)
    let mask = UInt32(IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM)
    guard inotify_add_watch(watch.number, path, mask) >= 0 else { throw .system("watch \(path)") }
    return watch
  }

  private static func makeSocket(_ context: Context) throws(ToolError) -> MonitoredSocket {
    try ToolError.wrapping { () throws(ZMQError) in
      let base = try MonitoredSocket(.subscribe, .disconnected, name: "events", in: context)
      // The watch tells when a publisher has bound its socket, which is a moment before it listens
      // there: so the second attempt must come soon. The later ones take ever longer.
      try base.socket.set(.reconnectInterval, 1)
      try base.socket.set(.reconnectIntervalMax, 500)
      // A frame is a line.
      try base.socket.setMaxFrameSize(Int64(Line.maxLength))
      try base.socket.noticeLostHosts()
      try base.socket.subscribe()
      return base
    }
  }

  /// Whether to call `receive` in a second, although nothing has come by then.
  package var hasDeparted: Bool { !departed.isEmpty }

  /// Connects to publishers that have come. Call it when the watch is readable; the order of this and
  /// `receive` does not matter.
  package mutating func followChanges() throws(ToolError) {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
      // The notes' contents do not matter: the directory itself says what there is.
      while read(watchDescriptor, buffer.baseAddress, buffer.count) > 0 {}
    }
    try connect()
  }

  /// The next thing published that was not heard before, nil when there is none yet. What is not a
  /// publication is passed over: nothing rests on having heard every message.
  package mutating func receive() throws(ToolError) -> Publication? {
    while let message = try nextMessage() {
      guard var publication = Self.publication(message) else { continue }
      switch tracker.note(publication) {
      case .old: continue
      case .new(let missed): publication.missed = missed
      case .newAfterUnheardEnd: publication.followsUnheardEnd = true
      }
      if publication.missed > 0 { try renew(now: Clock.now()) }
      return publication
    }
    lostWithoutEnd = []
    if hasReturned || !departed.isEmpty {
      try connect()
      try giveUpDeparted(now: Clock.now())
    }
    try takeReports()
    return nil
  }

  /// Whether a connection has ended since this was last asked. What it has brought is among that which
  /// `receive` gives from now on, until there is nothing more.
  package mutating func hasLostAny() throws(ToolError) -> Bool {
    try takeReports()
    defer { hasLostConnection = false }
    return hasLostConnection
  }

  private mutating func takeReports() throws(ToolError) {
    do throws(ZMQError) {
      while try base.nextReport() != nil { hasLostConnection = true }
    } catch {
      throw ToolError(error)
    }
  }

  private static func publication(_ message: Multipart) -> Publication? {
    guard !message.isTruncated else { return nil }
    let lines = (0..<message.count).map { try? Line(parsing: message[$0]) }
    guard let header = lines[0], !lines.contains(nil) else { return nil }
    return Publication(header: header, members: lines.dropFirst().compactMap { $0 })
  }

  /// Has all publishers say their state at once, which each does when somebody subscribes. Sooner
  /// after the last time than this is worth, they do so by themselves.
  private mutating func renew(now: Instant) throws(ToolError) {
    guard now >= nextRenewal else { return }
    nextRenewal = now.adding(milliseconds: Self.renewalMilliseconds)
    try ToolError.wrapping { () throws(ZMQError) in
      // In this order no moment is without a subscription: what is taken back is the second one.
      try base.socket.subscribe()
      try base.socket.unsubscribe()
    }
  }

  private static let renewalMilliseconds = 250

  private func nextMessage() throws(ToolError) -> Multipart? {
    try ToolError.wrapping { () throws(ZMQError) in try base.socket.receive() }
  }

  /// Brings the connections in line with the sockets that there are.
  private mutating func connect() throws(ToolError) {
    guard let directory else { return }
    let present = try Self.sockets(in: directory.events)
    do throws(ZMQError) {
      try greet(present, in: directory)
    } catch {
      throw ToolError(error)
    }
    for name in connected.keys where present[name] == nil && departed[name] == nil {
      departed[name] = Clock.now()
    }
  }

  private mutating func greet(
    _ present: [String: Incarnation], in directory: RunDirectory
  ) throws(ZMQError) {
    hasReturned = false
    for (name, incarnation) in present
    where connected[name] != incarnation || departed[name] != nil {
      if connected[name] != nil {
        // `receive` comes back here when it has taken what the old socket brought.
        hasReturned = try hasMessages()
        if hasReturned { return }
        try base.socket.disconnect(Self.endpoint(name, in: directory))
      }
      try base.socket.connect(Self.endpoint(name, in: directory))
      connected[name] = incarnation
      departed[name] = nil
    }
  }

  /// Once what they have brought is received.
  private mutating func giveUpDeparted(now: Instant) throws(ToolError) {
    guard let directory, !hasReturned else { return }
    for (name, since) in departed
    where now.microseconds(since: since) >= Self.departureMicroseconds {
      try ToolError.wrapping { () throws(ZMQError) in
        try base.socket.disconnect(Self.endpoint(name, in: directory))
      }
      connected[name] = nil
      departed[name] = nil
      if !tracker.forget(name) { lostWithoutEnd.append(name) }
    }
  }

  /// How long a publisher that is gone stays connected.
  private static let departureMicroseconds: Int64 = 1_000_000

  private static func endpoint(_ name: String, in directory: RunDirectory) -> String {
    "ipc://\(directory.events)/\(name)"
  }

  private func hasMessages() throws(ZMQError) -> Bool {
    var poll = PollSet()
    poll.add(base.socket)
    try poll.wait(milliseconds: 0)
    return poll.isReady(0)
  }

  /// Tells a socket from an earlier one of the same path, which may have had the same inode.
  private struct Incarnation: Equatable {
    let inode: ino_t
    let seconds: Int
    let nanoseconds: Int
  }

  private static func sockets(in directory: String) throws(ToolError) -> [String: Incarnation] {
    guard let stream = opendir(directory) else { throw .system("list \(directory)") }
    defer { closedir(stream) }
    var sockets: [String: Incarnation] = [:]
    errno = 0
    while let entry = readdir(stream) {
      defer { errno = 0 }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      guard let name, (try? PublisherName(name)) != nil else { continue }
      var status = stat()
      guard lstat("\(directory)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFSOCK
      else { continue }
      sockets[name] = Incarnation(
        inode: status.st_ino, seconds: status.st_ctim.tv_sec, nanoseconds: status.st_ctim.tv_nsec)
    }
    // Of a part of the list it would seem that publishers have gone.
    guard errno == 0 else { throw .system("list \(directory)") }
    return sockets
  }
}
