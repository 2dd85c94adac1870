import Testing

@testable import Broker
@testable import Router

@Suite struct ConnectionsTests {
  private let a = PeerID.short(1 << 16 | 5)
  private let b = PeerID.short(2 << 16 | 5)

  @Test func aConnectionEndsWithItsDescriptor() {
    var connections = Connections()
    #expect(connections.accepted(7) == [])
    #expect(connections.isKnown(a) == false)
    #expect(connections.heard(a, on: 7) == true)
    #expect(connections.isKnown(a) == true)
    #expect(connections.disconnected(7) == [a])
    #expect(connections.isKnown(a) == false)
    #expect(connections.count == 0)
  }

  @Test func oneThatNeverSpeaksEndsUnseen() {
    var connections = Connections()
    #expect(connections.accepted(7) == [])
    #expect(connections.disconnected(7) == [])
    #expect(connections.accepted(7) == [])
    #expect(connections.heard(a, on: 7) == true)
    #expect(connections.disconnected(7) == [a])
  }

  @Test func aMessageOfOneThatHasGoneIsKnownToBe() {
    var connections = Connections()
    _ = connections.accepted(7)
    _ = connections.disconnected(7)
    #expect(connections.heard(a, on: 7) == false)
    // Its descriptor has another one now: it is taken for that, and ends with it.
    _ = connections.accepted(7)
    #expect(connections.heard(a, on: 7) == true)
    #expect(connections.heard(b, on: 7) == true)
    #expect(connections.disconnected(7) == [a, b])
  }

  @Test func aDescriptorThatIsGivenOutAgainEndsWhoeverHadIt() {
    var connections = Connections()
    _ = connections.accepted(7)
    #expect(connections.heard(a, on: 7) == true)
    #expect(connections.accepted(7) == [a])
    #expect(connections.heard(b, on: 7) == true)
    // This is the first one's end, which comes late.
    #expect(connections.disconnected(7) == [])
    #expect(connections.disconnected(7) == [b])
    #expect(connections.count == 0)
  }

  @Test func aPeerThatChoseItsIdMayComeBackWithIt() {
    var connections = Connections()
    let own = PeerID.long([1])
    _ = connections.accepted(7)
    #expect(connections.heard(own, on: 7) == true)
    #expect(connections.isKnown(own) == false)
    _ = connections.accepted(8)
    #expect(connections.heard(own, on: 8) == true)
    #expect(connections.disconnected(7) == [])
    #expect(connections.disconnected(8) == [own])
  }

  @Test func onlyZeroMQsOwnIdsAreUnique() {
    func id(_ bytes: [UInt8]) -> PeerID { bytes.withUnsafeBytes { PeerID($0) } }
    #expect(id([0, 1, 2, 3, 4]).isUnique)
    #expect(id([0, 0, 0, 0, 0]).isUnique)
    for bytes: [UInt8] in [
      [1, 1, 2, 3, 4], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5], [1], [UInt8](0..<200),
    ] {
      #expect(!id(bytes).isUnique)
    }
  }

  @Test func noneEndsEarlyAndAllEnd() throws {
    var endings = 0
    for seed: UInt64 in 1...1000 {
      var world = SimulatedConnections(seed: seed)
      do {
        for _ in 0..<200 { try world.step() }
        try world.finish()
      } catch {
        Issue.record("seed \(seed): \(error)")
        return
      }
      endings += world.endings
    }
    #expect(endings > 10_000)
  }
}
