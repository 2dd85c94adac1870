/// Bytes that grow at the end, without a check for each: what answers are rendered into.
///
/// Room is made once for a value or a row, and then written to directly.
package struct ByteBuffer: ~Copyable {
  private static var firstCapacity: Int { 256 }

  private var start: UnsafeMutablePointer<UInt8>
  package private(set) var count = 0
  package private(set) var capacity: Int

  package init() {
    capacity = Self.firstCapacity
    start = .allocate(capacity: capacity)
  }

  deinit {
    start.deallocate()
  }

  /// All bytes. They are there until the buffer is next changed.
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

  package mutating func append(_ byte: UInt8) {
    append(atMost: 1) { end in
      end.pointee = byte
      return end + 1
    }
  }

  package mutating func append(contentsOf bytes: UnsafeRawBufferPointer) {
    append(atMost: bytes.count) { $0.writing(bytes) }
  }

  /// Appends ASCII text that is known at compile time.
  mutating func append(_ text: StaticString) {
    append(
      contentsOf: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Makes room and lets it be written to.
  ///
  /// - Parameter write: gets the first free byte, and returns where the free ones begin then.
  @inline(__always)
  mutating func append(
    atMost room: Int, _ write: (UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>
  ) {
    if capacity - count < room { grow(room) }
    count = write(start + count) - start
  }

  /// Takes back what was appended since it had so many bytes.
  mutating func truncate(to count: Int) {
    self.count = count
  }

  /// Empties it; the memory is kept for what comes next, if it is not more than so many bytes.
  package mutating func removeAll(keeping maxCapacity: Int = .max) {
    count = 0
    guard capacity > maxCapacity else { return }
    start.deallocate()
    capacity = Self.firstCapacity
    start = .allocate(capacity: capacity)
  }

  @inline(never)
  private mutating func grow(_ room: Int) {
    capacity = max(capacity * 2, count + room)
    let old = start
    start = .allocate(capacity: capacity)
    start.update(from: old, count: count)
    old.deallocate()
  }
}

extension UnsafeMutablePointer<UInt8> {
  /// Writes bytes, and returns where they end.
  @inline(__always)
  func writing(_ bytes: UnsafeRawBufferPointer) -> Self {
    guard let source = bytes.baseAddress else { return self }
    UnsafeMutableRawPointer(self).copyMemory(from: source, byteCount: bytes.count)
    return self + bytes.count
  }
}

extension [UInt8] {
  package init(_ buffer: consuming ByteBuffer) {
    self = Array(buffer.bytes)
  }
}
