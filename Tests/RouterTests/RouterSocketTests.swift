import Testing
import Toolkit
import Wire
import ZeroMQ

@testable import Broker
@testable import Router

#if canImport(Glibc)
import Glibc
#endif

/// Real connections, to sockets in a directory of the test's own.
@Suite final class RouterSocketTests {
  private let directory: String

  init() throws {
    var template = Array("/tmp/xodb-t.XXXXXX".utf8CString)
    directory = try #require(
      template.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
      })
  }

  deinit {
    unlink("\(directory)/clients")
    rmdir(directory)
  }

  private func router() throws -> RouterSocket {
    try RouterSocket(
      "clients", boundTo: ["ipc://\(directory)/clients"], maxFrame: 10_000,
      highWaterMarks: HighWaterMarks(receive: 16, send: 4), in: Context())
  }

  /// Waits until something happens at the socket, for 10 s.
  private func wait(_ router: borrowing RouterSocket) throws {
    let end = Clock.now().adding(milliseconds: 10_000)
    var poll = PollSet()
    repeat {
      poll.removeAll()
      poll.add(router.base.socket)
      poll.add(router.base.monitor)
      try poll.wait(milliseconds: end.millisecondsUp(since: Clock.now()))
    } while !poll.isAnythingReady && Clock.now() < end
    try #require(poll.isAnythingReady, "waited in vain")
  }

  private func receive(_ router: inout RouterSocket) throws -> (
    message: Multipart, isConnected: Bool
  ) {
    while true {
      if let received = try router.receive() { return received }
      try wait(router)
      _ = try router.hasEnded()
    }
  }

  private func end(_ router: inout RouterSocket) throws -> [PeerID] {
    while try !router.hasEnded() { try wait(router) }
    return router.takeEnded()
  }

  private func settle(_ router: inout RouterSocket) throws {
    while router.connections.count > 0 {
      while try router.receive() != nil {}
      if try !router.hasEnded() && router.connections.count > 0 { try wait(router) }
    }
  }

  @Test(arguments: [Socket.Kind.dealer, .request])
  func aClientThatClosesIsMissedAtOnce(_ kind: Socket.Kind) throws {
    var router = try router()
    let context = try Context()
    let first = try Socket(kind, in: context)
    try first.connect("ipc://\(directory)/clients")
    _ = try first.send([.bytes([1])])
    let stays = try receive(&router)
    #expect(stays.isConnected)
    let gone: PeerID
    let closed: Instant
    do {
      let second = try Socket(kind, in: context)
      try second.connect("ipc://\(directory)/clients")
      _ = try second.send([.bytes([2])])
      let received = try receive(&router)
      #expect(received.isConnected)
      gone = PeerID(received.message[0])
      let ended = router.takeEnded()
      #expect(ended == [])
      closed = Clock.now()
    }
    let ended = try end(&router)
    #expect(ended == [gone])
    #expect(Clock.now().microseconds(since: closed) < 1_000_000)
    // The other one is still there.
    let outcome = try router.send(
      [.bytes(PeerID(stays.message[0]).bytes), .bytes([3])], countedBy: nil)
    #expect(outcome == .sent)
    withExtendedLifetime(first) {}
  }

  @Test func messagesOfAClientThatHasGoneAreTold() throws {
    var router = try router()
    do {
      let client = try Socket(.dealer, in: Context())
      try client.set(.linger, 1000)
      try client.connect("ipc://\(directory)/clients")
      for _ in 0..<3 { _ = try client.send([.bytes([1])]) }
    }
    // Its context has ended, so all that it sent has left, and its connection is closed.
    usleep(100_000)
    let received = try receive(&router)
    #expect(!received.isConnected)
    let ended = router.takeEnded()
    #expect(ended == [PeerID(received.message[0])])
  }

  /// Whatever a connection does, its end is reported as often as its beginning: otherwise others
  /// that have its descriptor later would end early, or never.
  @Test func everyConnectionThatWasAcceptedEnds() throws {
    var router = try router()
    let greeting: [UInt8] =
      [0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0] + Array("NULL".utf8)
      + [UInt8](repeating: 0, count: 48)
    let ready: [UInt8] =
      [4, 26, 5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 3]
      + Array("REQ".utf8)
    // What is sent raw before the connection is closed or, the last ones, is closed by the router.
    let raw: [[UInt8]] = [
      [], [0], Array("GET / HTTP/1.0\r\n\r\n".utf8), Array(greeting.prefix(20)), greeting,
      greeting + ready, greeting + ready + [0, 200], greeting + ready + [1, 0, 0, 3, 1, 2, 3],
      greeting + ready + [2, 0, 0, 0, 0, 0x10, 0, 0, 0], greeting + [4, 3, 5, 1, 2],
      [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, 5, 0, 0], [1, 0, 0, 2, 0, 65, 2, 0, 65],
    ]
    for round in 0..<300 {
      let bytes = raw[round % raw.count]
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) {
        $0.copyBytes(from: Array("\(directory)/clients".utf8))
      }
      let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      #expect(result == 0)
      signal(SIGPIPE, SIG_IGN)
      _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if round.isMultiple(of: 3) {
        var seen = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&seen, 1, 5)
      }
      close(descriptor)
      while try router.receive() != nil {}
    }
    // All have come and gone when a last one has.
    do {
      let client = try Socket(.dealer, in: Context())
      try client.connect("ipc://\(directory)/clients")
      _ = try client.send([.bytes([7]), .bytes([8])])
      while try receive(&router).message.count != 3 {}
    }
    try settle(&router)
  }
}
