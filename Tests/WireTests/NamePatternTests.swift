import TestSupport
import Testing

@testable import Wire

@Suite struct NamePatternTests {
  private func matches(_ name: String, _ pattern: String) -> Bool {
    NamePattern(pattern.utf8).matches(name)
  }

  /// What tries everything.
  private func canMatch(_ name: Substring, _ pattern: Substring) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    if first == "*" {
      return canMatch(name, pattern.dropFirst())
        || !name.isEmpty && canMatch(name.dropFirst(), pattern)
    }
    return name.first == first && canMatch(name.dropFirst(), pattern.dropFirst())
  }

  @Test func allShortOnesMatchWhatTheirStarsCanStandFor() {
    func texts(of letters: [Character], _ length: Int) -> Set<String> {
      (0..<length).reduce([""]) { texts, _ in
        texts.union(texts.flatMap { text in letters.map { text + String($0) } })
      }
    }
    for pattern in texts(of: ["a", "b", "*"], 4) {
      for name in texts(of: ["a", "b"], 4) {
        #expect(
          matches(name, pattern) == canMatch(name[...], pattern[...]), "\(name) and \(pattern)")
      }
    }
  }

  @Test func longerOnesDoSo() {
    var random = SeededRandom(seed: 7)
    func text(of letters: [Character], _ most: Int) -> String {
      String(
        (0..<Int.random(in: 0...most, using: &random)).map { _ in
          letters[Int.random(in: 0..<letters.count, using: &random)]
        })
    }
    var matching = 0
    for _ in 0..<20_000 {
      let (name, pattern) = (text(of: ["a", "b"], 12), text(of: ["a", "b", "*", "*"], 9))
      let expected = canMatch(name[...], pattern[...])
      if matches(name, pattern) != expected { Issue.record("\(name) and \(pattern)") }
      if expected { matching += 1 }
    }
    #expect(matching > 1000)
  }

  @Test func bytesAreCompared() {
    #expect(matches("Käse", "K*se") && matches("Käse", "*ä*") && !matches("Käse", "*a*"))
    #expect(!matches("A", "a*") && matches("a?c", "a?*") && !matches("abc", "a?*"))
  }

  @Test func whatIsLongTakesNoLongTime() {
    let name = String(repeating: "a", count: 250) + "b"
    #expect(!matches(name, String(repeating: "*a", count: 2000)))
    #expect(!matches(name, String(repeating: "*a", count: 200) + "*ba*"))
    #expect(matches(name, String(repeating: "*a", count: 250) + "*b"))
  }
}
