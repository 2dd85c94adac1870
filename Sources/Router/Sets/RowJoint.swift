internal import Wire

/// Makes one result of several in the same format: CSV's header stands only in front of the first, and all
/// must have the same.
struct RowJoint {
  private let format: Format
  private var header: [UInt8]?

  init(_ format: Format) {
    self.format = format
  }

  /// Where the rows begin that are to be passed on of a result that begins so; fails when its columns are
  /// others than those before.
  mutating func start(of rows: UnsafeRawBufferPointer) throws(Failure) -> Int {
    guard format == .csv else { return 0 }
    let own = rows.prefix(Self.headerLength(rows))
    guard let header else {
      self.header = Array(own)
      return 0
    }
    guard own.elementsEqual(header) else {
      throw Failure(
        .sql, "its columns are \(Self.text(own)), those before it \(Self.text(header))")
    }
    return own.count
  }

  /// Up to the first end of a line that is not in quotes, and with that.
  private static func headerLength(_ rows: UnsafeRawBufferPointer) -> Int {
    var isQuoted = false
    for (index, byte) in rows.enumerated() {
      if byte == UInt8(ascii: "\"") {
        isQuoted.toggle()
      } else if byte == UInt8(ascii: "\n") && !isQuoted {
        return index + 1
      }
    }
    return rows.count
  }

  private static func text(_ header: some Sequence<UInt8>) -> String {
    let text = String(decoding: Array(header.prefix(200)), as: UTF8.self)
    return "'\(text.split(whereSeparator: \.isNewline).joined(separator: " "))'"
  }
}
