package import Wire
package import ZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

/// Listens to every publisher in a run directory, also to those that come later or come back.
package struct Subscriber: ~Copyable {
  /// For the poll set: readable when something was published.
  package let socket: Socket
  /// For the poll set: readable when publishers came or went.
  package let watch: Descriptor
  private let directory: RunDirectory
  /// The sockets connected to: name and inode. A publisher that comes back has a new inode.
  private var connected: [String: ino_t]

  /// Connects to the publishers there are. The run directory must exist.
  package init(_ directory: RunDirectory, context: Context) throws(ToolError) {
    let watch = try Descriptor(
      inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)), "watch \(directory.events)")
    let mask = UInt32(IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM)
    guard inotify_add_watch(watch.number, directory.events, mask) >= 0 else {
      throw .system("watch \(directory.events)")
    }
    let socket = try Self.makeSocket(context)
    connected = try Self.connect(socket, to: directory, after: [:])
    self.watch = watch
    self.socket = socket
    self.directory = directory
  }

  private static func makeSocket(_ context: Context) throws(ToolError) -> Socket {
    try ToolError.wrapping { () throws(ZMQError) in
      let socket = try Socket(.subscribe, in: context)
      // The watch tells at once when a publisher comes back; this is for one that is just binding.
      try socket.set(.reconnectInterval, 10)
      try socket.set(.reconnectIntervalMax, 500)
      try socket.subscribe()
      return socket
    }
  }

  /// Connects to publishers that have come, forgets those that have gone. Call it when `watch` is
  /// readable.
  package mutating func followChanges() throws(ToolError) {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
      // The notes' contents do not matter: the directory itself says what there is.
      while read(watch.number, buffer.baseAddress, buffer.count) > 0 {}
    }
    connected = try Self.connect(socket, to: directory, after: connected)
  }

  /// Connects to the publishers that are new, disconnects from those that have gone.
  private static func connect(
    _ socket: borrowing Socket, to directory: RunDirectory, after connected: [String: ino_t]
  ) throws(ToolError) -> [String: ino_t] {
    let present = try sockets(in: directory.events)
    do throws(ZMQError) {
      for (name, inode) in connected where present[name] != inode {
        try socket.disconnect("ipc://\(directory.events)/\(name)")
      }
      for (name, inode) in present where connected[name] != inode {
        try socket.connect("ipc://\(directory.events)/\(name)")
      }
    } catch {
      throw ToolError(error)
    }
    return present
  }

  /// The next thing published, nil when there is none yet. What is not a publication is passed
  /// over: nothing rests on having heard every message.
  package func receive() throws(ToolError) -> Publication? {
    try ToolError.wrapping { () throws(ZMQError) in
      while let message = try socket.receive() {
        let lines = (0..<message.count).map { try? Line(parsing: message[$0]) }
        guard let header = lines[0], !lines.contains(nil) else { continue }
        let members = lines.dropFirst().compactMap { $0 }
        if let publication = Publication(header: header, members: members) { return publication }
      }
      return nil
    }
  }

  private static func sockets(in directory: String) throws(ToolError) -> [String: ino_t] {
    guard let stream = opendir(directory) else { throw .system("list \(directory)") }
    defer { closedir(stream) }
    var sockets: [String: ino_t] = [:]
    while let entry = readdir(stream) {
      guard entry.pointee.d_type == UInt8(DT_SOCK) else { continue }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      guard let name, (try? PublisherName(name)) != nil else { continue }
      sockets[name] = entry.pointee.d_ino
    }
    return sockets
  }
}
