import Testing
import Wire
import ZeroMQ

@testable import Broker
@testable import Router

@Suite struct OutboxTests {
  private let mebibyte = [UInt8](repeating: 0, count: 1 << 20)

  private func client(_ number: UInt64) -> PeerID { .short(number << 8 | 5) }

  private func parts(_ line: String, _ rows: [UInt8] = []) -> [Part] {
    [.bytes([0]), .delimiter, .bytes(Array(line.utf8)), .bytes(rows)]
  }

  /// The lines that wait for a client, which reads everything now.
  private func read(_ outbox: inout Outbox, _ number: UInt64) throws -> [Line] {
    var lines: [Line] = []
    try outbox.flush { peer, parts throws(ZMQError) in
      guard peer == client(number) else { return .wouldBlock }
      lines += parts[2].withBytes { try? Line(parsing: $0) }.map { [$0] } ?? []
      return .sent
    }
    return lines
  }

  @Test func answersLeaveInOrderAndNothingStaysCounted() throws {
    var outbox = Outbox()
    for size in 1...5 {
      let fate = outbox.append(
        parts("OK", [UInt8](repeating: 0, count: size)), for: client(1))
      #expect(fate == .kept)
    }
    #expect(outbox.bytes == 15 + 5 * 3)
    var sent: [Int] = []
    try outbox.flush { _, parts throws(ZMQError) in
      if sent.count == 2 { return .wouldBlock }
      sent.append(parts[3].count)
      return .sent
    }
    #expect(sent == [1, 2])
    #expect(outbox.bytes == 12 + 3 * 3)
    #expect(outbox.isWaiting(for: client(1)))
    try outbox.flush { _, _ throws(ZMQError) in .unreachable }
    #expect(outbox.bytes == 0)
    #expect(outbox.isEmpty)
  }

  @Test func whoeverReadsNothingHasAnErrorForEveryAnswerThatHasNoRoom() throws {
    var outbox = Outbox()
    for number in 1...100 {
      let fate = outbox.append(parts("OK id=\(number) rows=1", mebibyte), for: client(1))
      #expect(fate == (number < 65 ? .kept : .cut))
    }
    #expect(
      outbox.append(parts("MORE id=101 chunk=1", mebibyte), for: client(1), chunkOf: 7) == .cut)
    #expect(outbox.append(parts("ERROR id=101 code=aborted"), for: client(1)) == .kept)
    let lines = try read(&outbox, 1)
    #expect(lines.map { $0["id"] } == (1...101).map { String($0) })
    #expect(lines.map(\.word) == (1...101).map { $0 < 65 ? "OK" : "ERROR" })
    #expect(lines.suffix(37).allSatisfy { $0["code"] == "aborted" })
    #expect(outbox.isEmpty && outbox.bytes == 0)
  }

  @Test func ofASeriesTheErrorIsForAll() throws {
    var outbox = Outbox()
    for first in stride(from: 0, to: 66 * 64, by: 64) {
      _ = outbox.append(parts("OK id=\(first) rows=64 each=64", mebibyte), for: client(1))
    }
    let last = try #require(read(&outbox, 1).last)
    #expect(last["code"] == "aborted" && last["id"] == "\(65 * 64)" && last["each"] == "64")
  }

  @Test func whatIsSmallIsBoundedByItsNumber() throws {
    var outbox = Outbox()
    var fates: [Outbox.Fate: Int] = [:]
    for _ in 0..<20_000 {
      fates[outbox.append(parts("OK id=1 rows=1", [7]), for: client(1)), default: 0] += 1
    }
    #expect(
      fates == [
        .kept: 1 + OutboxLane.maxAnswers, .cut: OutboxLane.extraAnswers,
        .dropped: 19_999 - OutboxLane.maxAnswers - OutboxLane.extraAnswers,
      ])
    // Who reads again is served again.
    #expect(try read(&outbox, 1).count == 1 + OutboxLane.maxAnswers + OutboxLane.extraAnswers)
    #expect(outbox.append(parts("OK id=1 rows=1", [7]), for: client(1)) == .kept)
  }

  @Test func errorsAreBoundedByTheirBytes() throws {
    var outbox = Outbox()
    let rows = [UInt8](repeating: 0, count: (64 << 20) - 10)
    for _ in 1...2 { #expect(outbox.append(parts("OK", rows), for: client(1)) == .kept) }
    let long = "ERROR message=" + String(repeating: "x", count: 60_000)
    var kept = 0
    while outbox.append(parts(long), for: client(1)) == .kept { kept += 1 }
    #expect(kept == 17)
  }

  @Test func aFirstAnswerIsKeptHoweverLargeItIs() {
    var outbox = Outbox()
    let large = [UInt8](repeating: 0, count: 66 << 20)
    #expect(outbox.append(parts("OK id=1", large), for: client(1)) == .kept)
    #expect(outbox.append(parts("OK id=2", large), for: client(1)) == .cut)
  }

  /// Shared by copies, an answer costs nothing here but its count.
  @Test func manyThatReadNothingHaveTheRowsDroppedOfTheLargestLane() throws {
    var outbox = Outbox()
    #expect(outbox.append(parts("ERROR id=1 code=sql"), for: client(7)) == .kept)
    for number in 1...60 as ClosedRange<UInt64> {
      for id in 2..<(number == 7 ? 60 : 4) {
        #expect(outbox.append(parts("OK id=\(id)", mebibyte), for: client(number)) == .kept)
      }
    }
    #expect(outbox.relieve() == nil)
    for (id, request) in [(60, 41), (61, 42)] as [(Int, UInt64)] {
      let chunk = parts("MORE id=\(id) chunk=1", mebibyte)
      #expect(outbox.append(chunk, for: client(7), chunkOf: request) == .kept)
    }
    #expect(outbox.append(parts("OK id=60 chunks=1"), for: client(7)) == .kept)
    for number in 61...80 as ClosedRange<UInt64> {
      for id in 2..<6 {
        #expect(outbox.append(parts("OK id=\(id)", mebibyte), for: client(number)) == .kept)
      }
    }
    let relief = outbox.relieve()
    #expect(relief?.chunks == [41: 1, 42: 1])
    #expect(relief?.hasDropped == false)
    #expect(outbox.bytes <= Outbox.maxTotalBytes)
    let lines = try read(&outbox, 7)
    #expect(lines.map { $0["id"] } == (1...60).map { "\($0)" })
    #expect(lines.map { $0["code"] } == ["sql"] + (2...60).map { _ in "aborted" })
    #expect(try read(&outbox, 8).map(\.word) == ["OK", "OK"])
  }

  @Test func whatIsOnItsWayCountsAsWell() {
    var outbox = Outbox()
    for number in 1...10 as ClosedRange<UInt64> {
      for _ in 0..<(number == 7 ? 11 : 10) {
        #expect(outbox.append(parts("OK", mebibyte), for: client(number)) == .kept)
      }
    }
    #expect(outbox.relieve(beside: 128 << 20) == nil)
    #expect(outbox.relieve(beside: 160 << 20) != nil)
    #expect(outbox.bytes < 91 << 20)
  }

  @Test func whoHasMostWithoutRowsLosesAll() {
    var outbox = Outbox()
    let long = "ERROR message=" + String(repeating: "x", count: 60_000)
    for number in 1...300 as ClosedRange<UInt64> {
      for _ in 0..<(number == 7 ? 17 : 16) { _ = outbox.append(parts(long), for: client(number)) }
    }
    #expect(outbox.relieve()?.hasDropped == true)
    #expect(outbox.bytes <= Outbox.maxTotalBytes)
    #expect(!outbox.isWaiting(for: client(7)))
  }
}
