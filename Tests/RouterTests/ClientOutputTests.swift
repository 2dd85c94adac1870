import Client
import Testing
import Toolkit
import Wire
import ZeroMQ

@testable import Broker
@testable import Router

#if canImport(Glibc)
import Glibc
#endif

/// Answers to a real client that reads when the test says so.
@Suite final class ClientOutputTests {
  private let directory: String
  private let context: Context
  private var output = ClientOutput()

  init() throws {
    var template = Array("/tmp/xodb-t.XXXXXX".utf8CString)
    directory = try #require(
      template.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
      })
    context = try Context()
  }

  deinit {
    unlink("\(directory)/clients")
    rmdir(directory)
  }

  /// A frame of so many bytes, as if it had come from a worker, beside another one.
  private func rows(_ count: Int, besides other: Int = 0) throws -> Part {
    let context = try Context()
    let a = try Socket(.pair, in: context)
    let b = try Socket(.pair, in: context)
    try a.bind("inproc://rows")
    try b.connect("inproc://rows")
    _ = try b.send([count, other].map { .bytes([UInt8](repeating: 7, count: $0)) })
    return .frame(Frame(try #require(try a.receive()), 0))
  }

  private func request(_ message: Multipart) throws -> ClientRequest {
    var latest = LatestRequest()
    var reader = RequestReader(message, &latest)
    let received = reader.next(&latest)
    return try #require(received).request
  }

  private func wait(_ socket: borrowing Socket) throws {
    let end = Clock.now().adding(milliseconds: 10_000)
    var poll = PollSet()
    repeat {
      poll.removeAll()
      poll.add(socket)
      try poll.wait(milliseconds: end.millisecondsUp(since: Clock.now()))
    } while !poll.isAnythingReady && Clock.now() < end
    try #require(poll.isAnythingReady, "waited in vain")
  }

  private func router(sendHighWaterMark mark: Int32) throws -> RouterSocket {
    try RouterSocket(
      "clients", boundTo: ["ipc://\(directory)/clients"], maxFrame: 10_000,
      highWaterMarks: HighWaterMarks(receive: 16, send: mark), in: context)
  }

  /// One that takes one message before it reads.
  private func client() throws -> Socket {
    let client = try Socket(.dealer, in: context)
    try client.set(.receiveHighWaterMark, 1)
    try client.connect("ipc://\(directory)/clients")
    return client
  }

  /// A request whose answers may come together.
  private func packedRequest(
    of client: borrowing Socket, to router: inout RouterSocket
  ) throws -> ClientRequest {
    try request(
      of: client, to: &router,
      [.bytes(Array("MANY".utf8)), .bytes(Array("15:SHOW what=stats,0:,0:,".utf8))])
  }

  private func singleRequest(
    of client: borrowing Socket, to router: inout RouterSocket
  ) throws -> ClientRequest {
    try request(of: client, to: &router, [.bytes(Array("SHOW what=stats".utf8))])
  }

  private func request(
    of client: borrowing Socket, to router: inout RouterSocket, _ frames: [Part]
  ) throws -> ClientRequest {
    _ = try client.send([.delimiter] + frames)
    try wait(router.base.socket)
    return try request(try #require(try router.receive()).message)
  }

  /// Reads so many answers, whose ids count up from 0. Returns how many messages they came in.
  private func readInOrder(
    _ count: Int, by client: borrowing Socket, from router: borrowing RouterSocket
  ) throws -> Int {
    var read: [UInt64?] = []
    var messages = 0
    while read.count < count {
      try output.flush(through: router, now: Clock.now())
      guard let message = try client.receive() else { continue }
      messages += 1
      var (answers, lines) = (AnswerReader(message), AnswerLines())
      while let answer = answers.next(&lines) { read.append(answer.id) }
    }
    #expect(read == (0..<UInt64(count)).map(Optional.some))
    return messages
  }

  @Test func aReaderThatTakesItsTimeHasLittleInZeroMQAndGetsAllInOrder() throws {
    var router = try router(sendHighWaterMark: 1000)
    let client = try client()
    let request = try singleRequest(of: client, to: &router)

    let large = try rows(1 << 20)
    let count = 20
    for number in 0..<count {
      let answer = Answer(request: request, line: Line("OK").with("id", number), body: large)
      let fate = try output.send(answer, through: router)
      #expect(fate == .kept)
    }
    // The kernel takes some, libzmq little; the rest waits here.
    #expect(!output.isEmpty)

    var read: [String] = []
    while read.count < count {
      try output.flush(through: router, now: Clock.now())
      guard let message = try client.receive() else { continue }
      #expect(message[2].count == 1 << 20)
      read.append(String(decoding: message[1], as: UTF8.self))
    }
    #expect(read == (0..<count).map { "OK id=\($0)" })
    #expect(output.isEmpty)
  }

  @Test func manyAnswersHaveLittleInZeroMQThoughEachIsSmall() throws {
    var router = try router(sendHighWaterMark: 1000)
    let client = try client()
    let request = try singleRequest(of: client, to: &router)

    let (rows, count) = (try rows(8000), 1000)
    for number in 0..<count {
      let answer = Answer(request: request, line: Line("OK").with("id", number), body: rows)
      #expect(try output.send(answer, through: router) == .kept)
    }
    #expect(!output.isEmpty && output.unsentBytes < (1 << 20) + 8000)

    #expect(try readInOrder(count, by: client, from: router) == count)
    #expect(output.isEmpty)
    // The thread that has sent the last one may still have to free it.
    for _ in 0..<1000 where output.unsentBytes > 0 { usleep(10_000) }
    #expect(output.unsentBytes == 0)
  }

  @Test func whoeverReadsNothingIsTriedMoreSeldomUntilThereIsSomethingNew() throws {
    var router = try router(sendHighWaterMark: 4)
    let client = try client()
    let request = try packedRequest(of: client, to: &router)
    let large = try rows(1 << 20)
    func answer(_ number: Int) throws {
      let answer = Answer(request: request, line: Line("OK").with("id", number), body: large)
      #expect(try output.send(answer, through: router) == .kept)
    }
    func flushInVain() throws {
      var now = Clock.now()
      while output.retryMilliseconds < Retry.mostMilliseconds {
        now = now.adding(milliseconds: 100)
        try output.flush(through: router, now: now)
      }
    }
    for number in 0..<10 { try answer(number) }
    #expect(output.retryMilliseconds == 1)
    try flushInVain()
    try answer(10)
    #expect(output.retryMilliseconds == 1)
    try flushInVain()
    _ = try readInOrder(11, by: client, from: router)
    #expect(output.isEmpty && output.retryMilliseconds == 1)
  }

  @Test func whatGoesTogetherIsCountedByItsBytes() throws {
    var router = try router(sendHighWaterMark: 1000)
    let client = try client()
    let request = try packedRequest(of: client, to: &router)

    let (rows, count) = (try rows(8000), 1000)
    for number in 0..<count {
      let answer = Answer(request: request, line: Line("OK").with("id", number), body: rows)
      #expect(try output.send(answer, through: router) == .kept)
    }
    #expect(try output.sendPacks(through: router) == .kept)
    // Of 8 MB, in a third of a thousand messages.
    #expect(!output.isEmpty)

    _ = try readInOrder(count, by: client, from: router)
  }

  @Test func smallAnswersGoTogetherAndNoneIsLostWhenThereIsNoRoom() throws {
    var router = try router(sendHighWaterMark: 4)
    let client = try client()
    let request = try packedRequest(of: client, to: &router)

    let count = 9000
    let (small, large) = (try rows(100), try rows(10_000))
    for number in 0..<count {
      let answer = Answer(
        request: request, line: Line("OK").with("id", number),
        body: number % 1000 == 999 ? large : small)
      #expect(try output.send(answer, through: router) == .kept)
      if number % 50 == 0 { #expect(try output.sendPacks(through: router) == .kept) }
    }
    #expect(try output.sendPacks(through: router) == .kept)
    #expect(!output.isEmpty)

    let messages = try readInOrder(count, by: client, from: router)
    #expect(output.isEmpty && messages < count)
  }

  @Test func anAnswerThatWaitsKeepsItsOwnRowsAlone() throws {
    let client = try Socket(.dealer, in: context)
    let router = try Socket(.router, in: context)
    try router.bind("inproc://router")
    try client.connect("inproc://router")
    _ = try client.send([.delimiter, .bytes(Array("SHOW what=stats".utf8))])
    try wait(router)
    let request = try request(try #require(try router.receive()))

    let small = Answer(request: request, line: Line("OK"), body: try rows(100, besides: 10_000))
      .parts
    guard case .frame(let own)? = small.last else {
      Issue.record("its rows are not kept")
      return
    }
    #expect(own.count == 100 && own.keptSize == 100 && small.count == 4)
    let large = Answer(request: request, line: Line("OK"), body: try rows(10_000, besides: 100))
      .parts
    guard case .frame(let shared)? = large.last else {
      Issue.record("its rows are not kept")
      return
    }
    #expect(shared.keptSize == 10_100)
  }
}
