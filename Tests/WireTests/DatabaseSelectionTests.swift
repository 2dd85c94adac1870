import Testing

@testable import Wire

@Suite struct DatabaseSelectionTests {
  private let names = ["a", "app", "logs", "logs-1", "logs-10", "logs-2", "x-logs-1"]

  private func databases(_ text: String, among names: [String]) -> [String]? {
    var search = DatabaseSearch(for: DatabaseSelection(text), among: names)
    return search.next(comparisons: .max)
  }

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
    #expect(databases(text, among: names) == expected)
  }

  @Test func namesNeedNoSearch() {
    #expect(DatabaseSelection("b,a,,b").databases == ["b", "a"])
    #expect(!DatabaseSelection("b,a").hasPattern && DatabaseSelection("b,a*").hasPattern)
  }

  @Test func oneOfJustThisNameGoesBeforeAll() {
    let names = ["a", "a,b", "b", "c*", "cd"]
    #expect(databases("a,b", among: names) == ["a,b"])
    #expect(databases("c*", among: names) == ["c*"])
    #expect(databases("a,b,c*", among: names) == ["a", "b", "c*", "cd"])
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
  }

  @Test func aSearchInStepsFindsTheSame() {
    let texts = ["*,a", "nobody,logs-*,*1*,x", "app", "b*,c*"]
    for text in texts {
      for comparisons in 1...9 {
        var search = DatabaseSearch(for: DatabaseSelection(text), among: names)
        var steps = 1
        var found = search.next(comparisons: comparisons)
        while found == nil {
          found = search.next(comparisons: comparisons)
          steps += 1
        }
        #expect(found == databases(text, among: names))
        let patterns = text.split(separator: ",").count { $0.contains("*") }
        #expect(steps * comparisons >= patterns * names.count)
      }
    }
  }
}
