internal import Wire

/// What statements have in common that differ in their literals and comments alone, as programs write
/// them that know no parameters: one that is new is expected to take what others of its shape took, when
/// it is run together with them.
///
/// It knows what SQLite knows of numbers, strings, names, variables and comments, and nothing else of
/// SQL. What is no SQL has some shape, too.
enum StatementShape {
  /// Stands for a literal. No SQL has this byte.
  private static let literal = 0 as UInt8

  /// So much of a statement is looked at; few are longer.
  private static let maxBytes = 64 << 10

  /// Equal for statements of the same shape, within one process.
  static func hash(_ whole: UnsafeRawBufferPointer) -> UInt64 {
    let sql = UnsafeRawBufferPointer(rebasing: whole.prefix(maxBytes))
    var hasher = Hasher()
    var scanner = Scanner(sql: sql)
    // Up to where it is hashed.
    var hashed = 0
    while let token = scanner.next() {
      hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: sql[hashed..<token.bytes.lowerBound]))
      if token.isLiteral { hasher.combine(literal) }
      hashed = token.bytes.upperBound
    }
    hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: sql[hashed...]))
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  /// Knows that of the statement before, which mostly is the next one, too.
  struct Latest {
    /// Longer ones are not kept.
    private static let maxBytes = 4096
    private var sql: [UInt8] = []
    private var hash: UInt64?

    mutating func hash(_ sql: UnsafeRawBufferPointer) -> UInt64 {
      if let hash, self.sql.withUnsafeBytes({ $0.isEqual(to: sql) }) { return hash }
      let new = StatementShape.hash(sql)
      if sql.count <= Self.maxBytes {
        self.sql.removeAll(keepingCapacity: true)
        self.sql.append(contentsOf: sql)
        hash = new
      }
      return new
    }
  }

  /// Finds the literals and comments.
  private struct Scanner {
    let sql: UnsafeRawBufferPointer
    var index = 0

    /// The next one; nil at the end.
    mutating func next() -> (bytes: Range<Int>, isLiteral: Bool)? {
      // Whether digits go on with a name, a keyword or a variable.
      var isInWord = false
      while index < sql.count {
        let start = index
        let first = sql[start]
        index += 1
        if Self.isLetter(first) {
          isInWord = true
          continue
        }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          if isInWord { continue }
          passRestOfNumber()
          return (start..<index, true)
        case UInt8(ascii: "_"), 0x80..., UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: "@"),
          UInt8(ascii: "#"), UInt8(ascii: "$"):
          isInWord = true
          continue
        case UInt8(ascii: "'"):
          passQuoted(first)
          return (start..<index, true)
        case UInt8(ascii: "\""), UInt8(ascii: "`"): passQuoted(first)
        case UInt8(ascii: "["): pass(through: UInt8(ascii: "]"))
        case UInt8(ascii: "-") where isNext(first):
          pass(through: UInt8(ascii: "\n"))
          return (start..<index, false)
        case UInt8(ascii: "/") where isNext(UInt8(ascii: "*")):
          index += 1
          repeat { pass(through: UInt8(ascii: "*")) } while index < sql.count && sql[index] != first
          index = min(index + 1, sql.count)
          return (start..<index, false)
        default: break
        }
        isInWord = false
      }
      return nil
    }

    private func isNext(_ byte: UInt8) -> Bool { index < sql.count && sql[index] == byte }

    /// Passes over what may come after the first digit of a number, which may have an exponent.
    private mutating func passRestOfNumber() {
      while index < sql.count {
        let byte = sql[index]
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"): break
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
          guard sql[index - 1] | 0x20 == UInt8(ascii: "e") else { return }
        default: guard Self.isLetter(byte) else { return }
        }
        index += 1
      }
    }

    /// Passes over what is quoted; a quote that is doubled does not end it.
    private mutating func passQuoted(_ quote: UInt8) {
      pass(through: quote)
      while isNext(quote) {
        index += 1
        pass(through: quote)
      }
    }

    /// Passes over all up to a byte, and that; what lacks it has no end.
    private mutating func pass(through end: UInt8) {
      while index < sql.count {
        index += 1
        if sql[index - 1] == end { return }
      }
    }

    @inline(__always)
    private static func isLetter(_ byte: UInt8) -> Bool {
      (byte | 0x20) &- UInt8(ascii: "a") < 26
    }
  }
}
