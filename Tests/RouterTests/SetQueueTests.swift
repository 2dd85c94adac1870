import Broker
import Testing

@testable import Router

@Suite struct SetQueueTests {
  private let a = PeerID.short(1)
  private let b = PeerID.short(2)

  @Test func turnsGoRoundOverConnections() {
    var queue = SetQueue()
    for number in 1...3 { queue.insert(UInt64(number), of: a) }
    queue.insert(4, of: b)
    #expect(
      [queue.next(), queue.next(), queue.next(), queue.next(), queue.next()] == [1, 4, 2, 3, nil])
    #expect(queue.count == 0)
  }

  @Test func whatIsRemovedHasNoTurn() {
    var queue = SetQueue()
    for number in 1...3 { queue.insert(UInt64(number), of: a) }
    queue.insert(4, of: b)
    queue.remove(4, of: b)
    queue.remove(2, of: a)
    queue.remove(9, of: b)
    #expect(queue.count == 2 && queue.count(of: a) == 2)
    #expect(Array(queue.removeAll(of: a)) == [1, 3] && queue.next() == nil && queue.count == 0)
  }

  @Test func noConnectionKeepsOthersFromRunning() {
    var queue = SetQueue()
    let most = SetQueue.maxRunningOfOne
    for number in 0..<100 { queue.insert(UInt64(number), of: a) }
    #expect((0..<100).compactMap { _ in queue.next() }.count == most)
    queue.insert(200, of: b)
    #expect(queue.next() == 200 && queue.next() == nil)
    queue.ended(of: a)
    #expect(queue.next() == UInt64(most) && queue.next() == nil)
  }

  @Test func onlySoManyRunAtOnce() {
    var queue = SetQueue()
    let most = SetQueue.maxRunning
    for number in 0..<100 { queue.insert(UInt64(number), of: .short(UInt64(number) + 1)) }
    #expect((0..<100).compactMap { _ in queue.next() }.count == most)
    #expect(queue.holdsUp(othersThan: .short(1)))
    queue.ended(of: .short(1))
    #expect(!queue.holdsUp(othersThan: .short(1)))
    #expect(queue.next() == UInt64(most) && queue.next() == nil)
  }
}
