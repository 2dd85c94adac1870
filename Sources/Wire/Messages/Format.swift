/// How rows are written.
package enum Format: String, Sendable, CaseIterable {
  /// An object a line.
  case json
  /// RFC 4180, with a header.
  case csv
  /// NULL as `\N`; tab, newline, carriage return and backslash escaped; no header.
  case tsv

  init?(_ value: LineValue) {
    if value == "json" {
      self = .json
    } else {
      self.init(rawValue: value.text)
    }
  }
}
