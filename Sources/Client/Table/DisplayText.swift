internal import CLinux

#if canImport(Glibc)
private import Glibc
#endif

/// Text as a terminal may show it.
///
/// What would move the cursor, change colours or turn the direction of writing is escaped:
/// `\n`, `\t`, `\r`, `\u{1b}`. Bytes that are not UTF-8 are shown as U+FFFD.
package struct DisplayText: Equatable {
  package private(set) var bytes: [UInt8]
  /// In columns of a terminal.
  package private(set) var width: Int

  package init(_ text: [UInt8]) {
    if text.allSatisfy({ 0x20 <= $0 && $0 < 0x7f }) {
      bytes = text
      width = text.count
      return
    }
    bytes = []
    width = 0
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars { append(scalar) }
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    let columns = Self.isSafe(scalar) ? clinux_width(scalar.value) : -1
    guard columns < 0 else {
      width += Int(columns)
      bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      return
    }
    let escape =
      switch scalar {
      case "\n": "\\n"
      case "\t": "\\t"
      case "\r": "\\r"
      default: "\\u{\(String(scalar.value, radix: 16))}"
      }
    width += escape.utf8.count
    bytes.append(contentsOf: escape.utf8)
  }

  private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
    // Joiners make one character of several; the others of this kind turn the direction.
    case .format: scalar == "\u{200c}" || scalar == "\u{200d}"
    default: true
    }
  }

  /// Makes the widths of all characters known, whatever the user's locale is: the output is UTF-8.
  package static func prepare() {
    setlocale(LC_CTYPE, "C.UTF-8")
  }
}
