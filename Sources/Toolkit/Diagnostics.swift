#if canImport(Glibc)
private import Glibc
#endif

/// What a tool has to say to people: whole lines on standard error, each beginning with its name.
package enum Diagnostics {
  /// The name that the tool was called by.
  package static let tool = Path.fileName(CommandLine.arguments.first ?? "xodb")

  /// Prints `tool: what: why`.
  package static func report(_ what: String, _ why: String) {
    report("\(what): \(why)")
  }

  package static func report(_ error: ToolError) {
    report(error.description)
  }

  /// Prints `tool: text` in one piece. A standard error that cannot be written to is nobody's to
  /// tell, so that is where errors end.
  package static func report(_ text: String) {
    _ = line(text).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// The line `tool: text`, with its newline.
  package static func line(_ text: String) -> [UInt8] {
    var bytes = Array("\(tool): \(text)".utf8)
    // What comes from outside must not move the cursor or fake a second line.
    for index in bytes.indices where bytes[index] < 0x20 || bytes[index] == 0x7f {
      bytes[index] = UInt8(ascii: " ")
    }
    // U+0080 to U+009F in UTF-8: to some terminals, U+009B is what ESC [ is.
    for index in bytes.indices.dropFirst()
    where bytes[index - 1] == 0xc2 && (0x80..<0xa0).contains(bytes[index]) {
      bytes[index - 1] = UInt8(ascii: " ")
      bytes[index] = UInt8(ascii: " ")
    }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }
}
