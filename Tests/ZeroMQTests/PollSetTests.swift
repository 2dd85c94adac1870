import Testing

@testable import ZeroMQ

#if canImport(Glibc)
import Glibc
#endif

@Suite final class PollSetTests {
  private let a: Socket
  private let b: Socket

  init() throws {
    let context = try Context(ioThreads: 0)
    a = try Socket(.pair, in: context)
    b = try Socket(.pair, in: context)
    try a.bind("inproc://test")
    try b.connect("inproc://test")
  }

  /// Whether a wait that does not sleep finds a message at `a`.
  private func hasMessage() throws -> Bool {
    var poll = PollSet()
    poll.add(a)
    try poll.wait(milliseconds: 0)
    #expect(poll.isAnythingReady == poll.isReady(0) && !poll.hasFailed(0))
    return poll.isReady(0)
  }

  @Test func aSocketIsReadableUntilItsLastMessageWasTaken() throws {
    #expect(try !hasMessage())
    _ = try b.send([.delimiter])
    _ = try b.send([.delimiter])
    #expect(try hasMessage())
    #expect(try hasMessage())
    #expect(try a.receive() != nil)
    #expect(try hasMessage())
    #expect(try a.receive() != nil)
    #expect(try !hasMessage())
    _ = try b.send([.delimiter])
    #expect(try hasMessage())
    #expect(try a.receive() != nil)
    #expect(try a.receive() == nil)
    #expect(try !hasMessage())
  }

  /// A send takes the news in, so that the descriptor is silent; but not each time, only when it has
  /// not been done for a while.
  @Test func aMessageIsSeenThatCameBeforeASend() throws {
    #expect(try a.receive() == nil)
    _ = try b.send([.delimiter])
    usleep(20_000)
    _ = try a.send([.delimiter])
    var descriptor = pollfd(fd: a.inner.descriptor, events: Int16(POLLIN), revents: 0)
    try #require(poll(&descriptor, 1, 0) == 0, "the send has not taken the news in")
    #expect(try hasMessage())
  }

  @Test func whatEndsAWaitIsTold() throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    var poll = PollSet()
    func wait(_ milliseconds: Int?, writer: Int32) throws {
      poll.removeAll()
      poll.add(a)
      poll.add(descriptor: ends[0])
      poll.add(descriptor: writer, .writable)
      try poll.wait(milliseconds: milliseconds)
    }
    try wait(0, writer: -1)
    #expect(!poll.isAnythingReady)
    try wait(nil, writer: ends[1])
    #expect(!poll.isReady(0) && !poll.isReady(1) && poll.isReady(2) && !poll.hasFailed(2))
    #expect(write(ends[1], "x", 1) == 1)
    _ = try b.send([.delimiter])
    try wait(nil, writer: -1)
    #expect(poll.isReady(0) && poll.isReady(1) && !poll.hasFailed(1) && !poll.isReady(2))
    close(ends[1])
    try wait(nil, writer: -1)
    #expect(poll.isReady(1) && poll.hasFailed(1))
  }
}
