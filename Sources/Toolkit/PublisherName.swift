/// The name of whoever publishes events: also a file's name, and part of its children's names.
package struct PublisherName: Hashable, Sendable {
  /// In bytes.
  package static let maxLength = 32

  package let text: String

  /// - Parameter maxLength: less where something is to follow.
  package init(_ text: String, maxLength: Int = Self.maxLength) throws(ToolError) {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isPlain, !text.isEmpty, !text.hasPrefix("."), text.utf8.count <= maxLength else {
      throw ToolError(
        "name '\(text)'",
        "a name has 1 to \(maxLength) letters, digits, '-', '_' or '.', and no '.' in front",
        .usage)
    }
    self.text = text
  }
}
