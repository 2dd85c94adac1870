import Wire

extension Source {
  /// A value as SQLite may hold it.
  mutating func value() -> Value {
    switch below(10) {
    case 0: .null
    case 1, 2:
      .integer(
        chance(50) ? Int64(below(2000) - 1000) : Int64.random(in: .min ... .max, using: &random))
    case 3: .integer(pick([.min, .max, 0, 1 << 53]))
    case 4, 5: .real(real())
    case 6: .blob(bytes())
    case 7:
      .text(
        Array(
          pick(["", "1.5", "02134", "1e3", "\\N", "\t\n\r\\", "9e999", "über", "\u{1f600}\0"]).utf8)
      )
    case 8: .text(Array(String(decoding: bytes(), as: UTF8.self).utf8))
    default: .text(bytes())
    }
  }

  private mutating func real() -> Double {
    let special = [
      0, -0.0, 0.1, 1e20, 1.5e-300, .infinity, -.infinity, .greatestFiniteMagnitude,
      .leastNonzeroMagnitude,
    ]
    if chance(40) { return pick(special) }
    let number = Double(bitPattern: random.next())
    return number.isNaN ? 0.5 : number
  }

  /// JSON as a client may send it, and much that it may not.
  mutating func json(depth: Int = 0) -> String {
    switch below(depth > 4 ? 7 : 10) {
    case 0: pick(["null", "true", "false", "\"\"", "[]", "{}"])
    case 1, 2:
      pick(["0", "-1", "1.5e3", "9223372036854775807", "9223372036854775808", "1e999", "01", "-"])
    case 3:
      "\"\(pick(["a", "\\u00e9", "\\ud83d\\ude00", "\\ud800", "\\n", "é", "\\", "\u{1}", ":name"]))\""
    case 4: #"{"$base64":true,"encoded":"AP8="}"#
    case 5: #"{"$base64":true,"type":"text","encoded":"/w=="}"#
    case 6: String(below(1_000_000))
    case 7: "[" + (0..<below(5)).map { _ in json(depth: depth + 1) }.joined(separator: ", ") + "]"
    case 8:
      "{"
        + (0..<below(5)).map { "\"k\($0 % 3)\": " + json(depth: depth + 1) }.joined(separator: ",")
        + "}"
    default: String(repeating: "[", count: chance(99) ? below(20) : 20_000)
    }
  }
}
