import Testing

@testable import Wire

@Suite struct ByteBufferTests {
  @Test func growsAndKeepsItsBytes() {
    var buffer = ByteBuffer()
    var bytes: [UInt8] = []
    for round in 0..<200 {
      let more = (0..<(round * 7 % 400)).map { UInt8(truncatingIfNeeded: $0 + round) }
      more.withUnsafeBytes { buffer.append(contentsOf: $0) }
      buffer.append(UInt8(truncatingIfNeeded: round))
      bytes += more + [UInt8(truncatingIfNeeded: round)]
    }
    buffer.append(contentsOf: UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(buffer.count == bytes.count && buffer.capacity >= bytes.count)
    #expect(Array(buffer.bytes) == bytes)
    buffer.truncate(to: 1000)
    #expect(Array(buffer) == Array(bytes.prefix(1000)))
  }

  @Test func keepsItsMemoryOrNot() {
    var buffer = ByteBuffer()
    [UInt8](repeating: 7, count: 5000).withUnsafeBytes { buffer.append(contentsOf: $0) }
    buffer.removeAll()
    let capacity = buffer.capacity
    #expect(buffer.count == 0 && capacity >= 5000)
    buffer.removeAll(keeping: capacity)
    #expect(buffer.capacity == capacity)
    buffer.removeAll(keeping: capacity - 1)
    #expect(buffer.count == 0 && buffer.capacity < 5000)
    buffer.append(1)
    #expect(Array(buffer) == [1])
  }
}
