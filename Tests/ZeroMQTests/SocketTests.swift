import Testing
import ZeroMQ

@Suite struct SocketTests {
  private let context: Context
  private let endpoint = "inproc://test"

  init() throws {
    context = try Context(ioThreads: 0)
  }

  /// Small ones live inside ZeroMQ's own structure, up to 33 bytes; others elsewhere.
  private let frames: [[UInt8]] = [0, 1, 33, 34, 70_000].map { [UInt8](repeating: 7, count: $0) }

  private func bytes(_ message: Multipart?) -> [[UInt8]] {
    guard let message else { return [] }
    return (0..<message.count).map { Array(message[$0]) }
  }

  @Test func messagesArriveAsTheyWereSent() throws {
    let a = try Socket(.pair, in: context)
    let b = try Socket(.pair, in: context)
    try a.bind(endpoint)
    try b.connect(endpoint)
    #expect(try a.receive() == nil)
    #expect(try b.send(frames.map { .bytes($0) }) == .sent)
    let received = try #require(try a.receive())
    #expect(bytes(received) == frames && !received.isTruncated)
    // What was received is passed on without a copy, and outlives its message.
    #expect(try a.send((0..<frames.count).map { .frame(Frame(received, $0)) }) == .sent)
    #expect(bytes(try b.receive()) == frames)
    #expect(bytes(received) == frames)
    #expect(try b.receive() == nil)
  }

  @Test func aMessageIsSentFrameByFrame() throws {
    let a = try Socket(.pair, in: context)
    let b = try Socket(.pair, in: context)
    try a.bind(endpoint)
    try b.connect(endpoint)
    #expect(try b.begin(frames[1]) == .sent)
    try b.add(frames[0], isLast: false)
    #expect(try a.receive() == nil)
    try b.add(frames[4], isLast: true)
    let received = try #require(try a.receive())
    #expect(bytes(received) == [frames[1], frames[0], frames[4]])
    #expect(try a.begin(frames[2], isLast: true) == .sent)
    #expect(bytes(try b.receive()) == [frames[2]])
    #expect(try a.begin(frames[1]) == .sent)
    try a.add(Frame(received, 2), isLast: true)
    #expect(bytes(try b.receive()) == [frames[1], frames[4]])
  }

  @Test(arguments: [1, 2, 301, 1023, 1024, 3000])
  func manyFramesAreTakenUpToTheBound(_ count: Int) throws {
    let a = try Socket(.pair, in: context)
    let b = try Socket(.pair, in: context)
    try a.bind(endpoint)
    try b.connect(endpoint)
    let frames = (0..<count).map { Array("frame \($0)".utf8) }
    #expect(try b.send(frames.map { .bytes($0) }) == .sent)
    let received = try #require(try a.receive())
    #expect(received.isTruncated == (count >= Socket.maxFrames))
    #expect(bytes(received) == Array(frames.prefix(Socket.maxFrames - 1)))
    #expect(received.size == bytes(received).reduce(0) { $0 + $1.count })
    // The rest does not come as another message.
    #expect(try a.receive() == nil)
  }

  @Test func theFirstFrameDecides() throws {
    let router = try Socket(.router, in: context)
    try router.set(.routerMandatory, 1)
    try router.bind(endpoint)
    #expect(try router.begin([1, 2, 3]) == .unreachable)
    #expect(try router.send([.bytes([1, 2, 3]), .delimiter]) == .unreachable)
    let full = try Socket(.dealer, in: context)
    #expect(try full.begin([1]) == .wouldBlock)
    #expect(try full.send([.bytes([1]), .bytes([2])]) == .wouldBlock)
  }
}
