/// The routing id by which a ROUTER knows a connection, or somebody behind that.
///
/// The ids that ZeroMQ chooses have 5 bytes: they are kept in a word, which costs no allocation.
package enum PeerID: Hashable, Sendable {
  /// Up to 7 bytes, with their count in the lowest byte.
  case short(UInt64)
  case long([UInt8])
  /// What is no routing id, whichever id a connection chooses: those behind it, and the router itself.
  case scoped([UInt8])

  package init(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count <= 7 else {
      self = .long(Array(bytes))
      return
    }
    var word: UInt64 = 0
    withUnsafeMutableBytes(of: &word) { word in
      UnsafeMutableRawBufferPointer(rebasing: word[1...]).copyMemory(from: bytes)
    }
    self = .short(UInt64(littleEndian: word) | UInt64(bytes.count))
  }

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .short(let word): hasher.combine(word)
    case .long(let bytes), .scoped(let bytes): hasher.combine(bytes)
    }
  }

  // The standard library asks for this where it needs the hash of a key alone. A client may choose its id:
  // without the secret it cannot choose ids that have the same hash.
  // swift-format-ignore: NoLeadingUnderscores
  package func _rawHashValue(seed: Int) -> Int {
    switch self {
    case .short(let word):
      let product = (word ^ Self.secrets.0).multipliedFullWidth(by: Self.secrets.1)
      return Int(truncatingIfNeeded: product.high ^ product.low)
    case .long(let bytes), .scoped(let bytes): return bytes.hashValue
    }
  }

  /// Others in each process, as the seed of all hashes is from which they come; the factor is odd.
  private static let secrets = (
    UInt64(truncatingIfNeeded: "first".hashValue),
    UInt64(truncatingIfNeeded: "second".hashValue) | 1
  )

  /// In hexadecimal, as people see it.
  var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  package var bytes: [UInt8] { withBytes { Array($0) } }

  package func withBytes<Result, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch self {
    case .short(let word):
      var id = (word >> 8).littleEndian
      return try withUnsafeBytes(of: &id) { id throws(Failure) in
        try body(UnsafeRawBufferPointer(rebasing: id[..<Int(word & 0xff)]))
      }
    case .long(let bytes), .scoped(let bytes):
      let result = bytes.withUnsafeBytes { bytes in
        Swift.Result { () throws(Failure) in try body(bytes) }
      }
      return try result.get()
    }
  }
}
