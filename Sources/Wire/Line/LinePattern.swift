#if canImport(Glibc)
private import Glibc
#endif

/// Recognizes lines that differ from one that was read before in the values of few keys only: these are
/// all that has to be read of them.
///
/// Whoever sends many requests, or answers, sends lines that are alike. What is compared is bytes: a
/// line that is recognized has the word, the keys in their order and the other values of the one that
/// was learned, and bare values in between, so that to read all of it would find the same.
package struct LinePattern {
  package static let maxKeys = 6
  /// Lines that are longer are not learned, in bytes.
  private static let maxLength = 512

  /// What a line has as the value of a key.
  package enum Value {
    /// What the line that was learned has; nothing, if that does not have the key.
    case same
    case other(LineValue)
  }

  /// The values of the keys, in the order in which the pattern was given these.
  package typealias Values = InlineArray<6, Value>

  /// Where the value of a key stands in the line that was learned.
  private struct Gap {
    var start = 0
    var end = 0
    var key = 0
  }

  private let keys: [StaticString]
  private var bytes: [UInt8] = []
  private var gaps = InlineArray<6, Gap>(repeating: Gap())
  private var count = 0

  /// - Parameter keys: those of which the values differ, `maxKeys` at most.
  package init(_ keys: StaticString...) {
    precondition(keys.count <= Self.maxKeys, "too many keys")
    self.keys = keys
  }

  /// What is recognized from now on are lines like this one.
  package mutating func learn(_ line: LineView) {
    bytes.removeAll(keepingCapacity: true)
    count = 0
    let content = line.content
    guard content.count <= Self.maxLength else { return }
    for (number, key) in keys.enumerated() {
      guard let value = line[key] else { continue }
      // One with quotes may have spaces.
      guard value.isCanonical else { return }
      let start = value.offset(in: content)
      var place = count
      while place > 0, gaps[place - 1].start > start {
        gaps[place] = gaps[place - 1]
        place -= 1
      }
      gaps[place] = Gap(start: start, end: start + value.count, key: number)
      count += 1
    }
    bytes.append(contentsOf: content)
  }

  /// The values of the keys in a line that is like the one that was learned; nil for another one.
  package func values(in line: UnsafeRawBufferPointer) -> Values? {
    guard !bytes.isEmpty, line.count <= Line.maxLength else { return nil }
    return bytes.withUnsafeBytes { learned in
      var values = Values(repeating: .same)
      var (known, offset) = (0, 0)
      for index in 0..<count {
        let gap = gaps[index]
        let (length, size) = (gap.start - known, gap.end - gap.start)
        guard Self.areEqual(learned, known, line, offset, length) else { return nil }
        offset += length
        known = gap.end
        // With what ends it: a space, or the line.
        let end = offset + size
        if Self.areEqual(learned, gap.start, line, offset, size),
          end == line.count || line[end] == UInt8(ascii: " ")
        {
          offset = end
          continue
        }
        let start = offset
        offset = LineScanner.bareEnd(line, from: offset)
        guard offset > start else { return nil }
        values[gap.key] = .other(LineValue(line.slice(start, offset)))
      }
      let rest = learned.count - known
      guard line.count - offset == rest, Self.areEqual(learned, known, line, offset, rest) else {
        return nil
      }
      return values
    }
  }

  @inline(__always)
  private static func areEqual(
    _ a: UnsafeRawBufferPointer, _ start: Int, _ b: UnsafeRawBufferPointer, _ otherStart: Int,
    _ count: Int
  ) -> Bool {
    guard b.count - otherStart >= count else { return false }
    guard count > 0, let a = a.baseAddress, let b = b.baseAddress else { return true }
    return memcmp(a + start, b + otherStart, count) == 0
  }
}
