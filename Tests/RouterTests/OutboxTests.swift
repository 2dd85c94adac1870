import Testing
import ZeroMQ

@testable import Broker
@testable import Router

@Suite struct OutboxTests {
  private let mebibyte = [Part.bytes([UInt8](repeating: 0, count: 1 << 20))]

  private func client(_ number: UInt64) -> PeerID { .short(number << 8 | 5) }

  @Test func answersLeaveInOrderAndNothingStaysCounted() throws {
    var outbox = Outbox()
    for size in 1...5 {
      let isTooMuch = outbox.append([.bytes([UInt8](repeating: 0, count: size))], for: client(1))
      #expect(!isTooMuch)
    }
    #expect(outbox.bytes == 15)
    var sent: [Int] = []
    try outbox.flush { _, parts throws(ZMQError) in
      if sent.count == 2 { return .wouldBlock }
      sent.append(parts[0].count)
      return .sent
    }
    #expect(sent == [1, 2])
    #expect(outbox.bytes == 12)
    #expect(outbox.isWaiting(for: client(1)))
    try outbox.flush { _, _ throws(ZMQError) in .unreachable }
    #expect(outbox.bytes == 0)
    #expect(outbox.isEmpty)
  }

  @Test func aClientThatReadsNothingLosesAll() {
    var outbox = Outbox()
    for _ in 0..<64 {
      let isTooMuch = outbox.append(mebibyte, for: client(1))
      #expect(!isTooMuch)
    }
    let isTooMuch = outbox.append([.bytes([1])], for: client(1))
    #expect(isTooMuch)
    #expect(outbox.isEmpty)
    #expect(outbox.bytes == 0)
  }

  /// Shared by copies, an answer costs nothing here but its count.
  @Test func manyThatReadNothingLoseTheLargestLane() {
    var outbox = Outbox()
    var dropped = 0
    for number in 1...100 as ClosedRange<UInt64> {
      for _ in 0..<(number == 7 ? 30 : 20) {
        if outbox.append(mebibyte, for: client(number)) { dropped += 1 }
        #expect(outbox.bytes <= Outbox.maxTotalBytes)
      }
    }
    #expect(dropped > 80)
    #expect(!outbox.isWaiting(for: client(7)))
  }
}
