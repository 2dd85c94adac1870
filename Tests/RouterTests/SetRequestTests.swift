import Broker
import Testing
import Wire
import ZeroMQ

@testable import Router

@Suite struct SetRequestTests {
  @Test(arguments: [0, 7, 1 << 40, (1 << 56) - 1] as [UInt64])
  func noClientCanTakeTheNameByWhichPartsAreAskedFor(_ number: UInt64) {
    let sender = Sender(PeerID.long(Array(1...9)))
    let query = Query(id: "1", database: "a,b", format: .tsv)
    let set = SetRequest(
      number, query, ClientRequest(sender, size: 0), arrival: .start, deadline: .start)
    let chosen = set.asker.withBytes { PeerID($0) }
    #expect(chosen != set.asker)
  }
}
