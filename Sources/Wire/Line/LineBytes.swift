/// The bytes that a line is written to, shared between copies until one of them grows.
///
/// As an array, but room is made once for a whole pair, and then written to directly.
struct LineBytes {
  /// With the number of bytes for which it has room.
  private final class Storage: ManagedBuffer<Int, UInt8> {
    @inline(__always)
    var start: UnsafeMutablePointer<UInt8> { withUnsafeMutablePointerToElements { $0 } }

    @inline(__always)
    var room: Int { withUnsafeMutablePointerToHeader { $0.pointee } }

    static func make(_ capacity: Int) -> Storage {
      unsafeDowncast(create(minimumCapacity: capacity) { _ in capacity }, to: Storage.self)
    }
  }

  private var storage: Storage
  private(set) var count = 0

  init(capacity: Int) {
    storage = .make(capacity)
  }

  /// Makes room and lets it be written to.
  ///
  /// - Parameter write: gets the first free byte, and returns where the free ones begin then.
  @inline(__always)
  mutating func append(
    atMost more: Int, _ write: (UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>
  ) {
    if !isKnownUniquelyReferenced(&storage) || storage.room - count < more { grow(more) }
    let start = storage.start
    count = write(start + count) - start
  }

  mutating func append(contentsOf bytes: UnsafeRawBufferPointer) {
    append(atMost: bytes.count) { $0.writing(bytes) }
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    let larger = Storage.make(max(2 * count, count + more))
    larger.start.update(from: storage.start, count: count)
    storage = larger
  }

  @inline(__always)
  func withUnsafeBytes<Result, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeRawBufferPointer(start: storage.start, count: count))
  }
}

// What is shared is not written to.
extension LineBytes: @unchecked Sendable {}

extension LineBytes: Equatable {
  static func == (a: LineBytes, b: LineBytes) -> Bool {
    a.withUnsafeBytes { a in b.withUnsafeBytes { b in a.elementsEqual(b) } }
  }
}
