import Testing
import Wire

@Suite struct DatabaseSelectionTests {
  private let names = ["a", "app", "logs", "logs-1", "logs-10", "logs-2", "x-logs-1"]

  @Test(arguments: [
    ("logs-*", ["logs-1", "logs-10", "logs-2"]),
    ("*", ["a", "app", "logs", "logs-1", "logs-10", "logs-2", "x-logs-1"]),
    ("**", ["a", "app", "logs", "logs-1", "logs-10", "logs-2", "x-logs-1"]),
    ("a*", ["a", "app"]),
    ("*-1", ["logs-1", "x-logs-1"]),
    ("*logs*1*", ["logs-1", "logs-10", "x-logs-1"]),
    ("l*s-*0", ["logs-10"]),
    ("nothing-*", []),
    ("app,a", ["app", "a"]),
    ("logs-2,logs-*,a*", ["logs-2", "logs-1", "logs-10", "a", "app"]),
    ("a,a,,a", ["a"]),
    ("a,nobody", ["a", "nobody"]),
    (",", []),
    ("A*", []),
  ])
  func eachIsFoundOnceInOrder(_ text: String, _ expected: [String]) {
    #expect(DatabaseSelection(text).databases(among: names) == expected)
  }

  @Test func oneOfJustThisNameGoesBeforeAll() {
    let names = ["a", "a,b", "b", "c*", "cd"]
    #expect(DatabaseSelection("a,b").databases(among: names) == ["a,b"])
    #expect(DatabaseSelection("c*").databases(among: names) == ["c*"])
    #expect(DatabaseSelection("a,b,c*").databases(among: names) == ["a", "b", "c*", "cd"])
  }

  @Test func patternsAreBounded() throws {
    func read(_ database: String) throws -> ClientMessage {
      try ClientMessage(Line("QUERY").with("db", database))
    }
    let most = (1...DatabaseSelection.maxPatterns).map { "\($0)*" }.joined(separator: ",")
    let names = (1...500).map { "\($0)" }.joined(separator: ",")
    _ = try read("\(most),\(names)")
    _ = try read(String(repeating: "*", count: 4096))
    #expect(throws: Failure(.badRequest, "db= has more than 64 patterns")) {
      try read("\(most),x*")
    }
  }

  @Test func aNameIsNoPattern() {
    #expect(!DatabaseSelection.isSet("logs-1"))
    #expect(DatabaseSelection.isSet("logs-*") && DatabaseSelection.isSet("a,b"))
    #expect(DatabaseSelection("a,logs-*").contains("logs-7"))
    #expect(!DatabaseSelection("a,logs-*").contains("b"))
  }

  /// Compared with what tries everything.
  @Test func aPatternMatchesWhatItsStarsCanStandFor() {
    func matches(_ name: Substring, _ pattern: Substring) -> Bool {
      guard let first = pattern.first else { return name.isEmpty }
      if first == "*" {
        return matches(name, pattern.dropFirst())
          || !name.isEmpty && matches(name.dropFirst(), pattern)
      }
      return name.first == first && matches(name.dropFirst(), pattern.dropFirst())
    }
    func texts(of letters: [Character], _ length: Int) -> [String] {
      (0..<length).reduce([""]) { texts, _ in
        texts + texts.flatMap { text in letters.map { text + String($0) } }
      }
    }
    for pattern in Set(texts(of: ["a", "b", "*"], 4)) where !pattern.isEmpty {
      for name in Set(texts(of: ["a", "b"], 4)) {
        #expect(
          DatabaseSelection(pattern).contains(name) == matches(name[...], pattern[...]),
          "\(name) and \(pattern)")
      }
    }
  }

  @Test func whatIsLongTakesNoLongTime() {
    let pattern = String(repeating: "*a", count: 2000)
    let name = String(repeating: "a", count: 250) + "b"
    #expect(!DatabaseSelection(pattern).contains(name))
  }
}
