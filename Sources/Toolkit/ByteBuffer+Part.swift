package import Wire
package import ZeroMQ

extension ByteBuffer {
  /// Appends the bytes of a frame as a netstring.
  package mutating func append(netstring part: Part) {
    switch part {
    case .bytes(let bytes): bytes.withUnsafeBytes { append(netstring: $0) }
    case .raw(let bytes): append(netstring: bytes)
    case .frame(let frame): withExtendedLifetime(frame) { append(netstring: $0.bytes) }
    }
  }
}
