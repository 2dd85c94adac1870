/// Lines that wait to be written, within a bound: what is too much is dropped and counted.
package struct LineBuffer {
  /// In bytes.
  package let capacity: Int
  /// What was dropped and not yet told, in bytes.
  package private(set) var dropped = 0
  private var bytes: [UInt8] = []
  private var start = 0

  package init(capacity: Int) {
    self.capacity = capacity
  }

  /// In bytes.
  package var count: Int { bytes.count - start }

  /// Takes a line whole, or drops it. As long as something dropped is untold, a line must leave
  /// half of the buffer free, so that the gaps are few and long rather than many and short.
  package mutating func append(_ line: ArraySlice<UInt8>, notice: (Int) -> [UInt8]) {
    let bound = dropped > 0 ? capacity / 2 : capacity
    guard count + line.count <= bound else {
      dropped += line.count
      return
    }
    tellDropped(notice)
    bytes.append(contentsOf: line)
  }

  /// Adds a line about what was dropped.
  package mutating func tellDropped(_ notice: (Int) -> [UInt8]) {
    guard dropped > 0 else { return }
    bytes.append(contentsOf: notice(dropped))
    dropped = 0
  }

  /// Drops all that waits, because it cannot be written.
  package mutating func drop() {
    dropped += count
    removeFirst(count)
  }

  /// What is to be written next.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start...])) }
  }

  /// Forgets what was written.
  package mutating func removeFirst(_ count: Int) {
    start += count
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      start = 0
    } else if start > capacity {
      bytes.removeSubrange(..<start)
      start = 0
    }
  }
}
