import Client
import Testing
import Toolkit
import Wire

@Suite struct PlaceTests {
  private func text(_ place: Place, _ sql: String, offset: Int?) -> String {
    place.error(Failure(.sql, "no", offset: offset), sql: Array(sql.utf8)).description
  }

  @Test func offsetsBecomeLinesAndColumns() {
    let input = Place.input(line: 12, column: 5)
    #expect(text(input, "select x", offset: nil) == "line 12: no")
    #expect(text(input, "select x", offset: 7) == "line 12: no (at column 12)")
    #expect(text(input, "select\n ü, x", offset: 12) == "line 13: no (at column 5)")
    let argument = Place.argument("proj")
    #expect(text(argument, "select x", offset: 7) == "proj: no (at column 8)")
    #expect(text(argument, "select\nx", offset: 7) == "proj: no (at line 2, column 1)")
    #expect(
      text(.parameters(line: 3), "select x", offset: 7) == "line 3: no (at column 8)")
  }

  @Test(arguments: [-1, 8, Int.max, Int.min])
  func offsetsOutsideAreLeftAway(offset: Int) {
    #expect(text(.argument("proj"), "select x", offset: offset) == "proj: no")
  }

  @Test func everyCodeHasItsStatus() {
    let statuses = ErrorCode.allCases.map { $0.exitStatus.rawValue }
    #expect(Set(statuses) == [65, 66, 70, 75, 77])
    #expect(
      Place.argument("a").error(Failure(.busy, ""), sql: [])
        == ToolError("a", "busy", .tryAgain))
  }
}
