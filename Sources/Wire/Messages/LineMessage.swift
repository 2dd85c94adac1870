/// A message, or a part of one, that a line holds.
package protocol LineMessage {
  /// Reads it; nil when the line is not of this kind, or lacks something.
  init?(_ line: LineView)
}

extension LineMessage {
  /// Reads it from a line of our own.
  package init?(_ line: Line) {
    let message = line.bytes.withUnsafeBytes { bytes -> Self? in
      guard let view = try? LineView(own: bytes) else { return nil }
      return Self(view)
    }
    guard let message else { return nil }
    self = message
  }
}
