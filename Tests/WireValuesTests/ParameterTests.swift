import TestSupport
import Testing

@testable import Wire

@Suite struct ParameterTests {
  @Test func readsKinds() throws {
    #expect(try parse("") == .none)
    #expect(try parse("[]") == .positional([]))
    #expect(try parse(" \n[ ] ") == .positional([]))
    #expect(try parse("{}") == .named([]))
    #expect(
      try parse(#"[null,true,false,0,-0,-5,1.0,1e2,"a\u0000\ud83d\ude00\/é"]"#)
        == .positional([
          .null, .integer(1), .integer(0), .integer(0), .integer(0), .integer(-5), .real(1),
          .real(100), .text("a\0😀/é"),
        ]))
    #expect(
      try parse(#"{"id": 1, ":name" :"x"}"#)
        == .named([("id", .integer(1)), (":name", .text("x"))]))
  }

  @Test func readsSoManyAtMost() throws {
    let most = Parameters.maxCount
    let array = "[" + String(repeating: "1,", count: most - 1) + "1"
    #expect(try parse(array + "]") == .positional(Array(repeating: .integer(1), count: most)))
    #expect(problem(Array((array + ",1]").utf8))?.hasPrefix("more than \(most) values") == true)
    let object = (0...most).map { "\"\($0)\":1" }.joined(separator: ",")
    #expect(
      problem(Array("{\(object)}".utf8))?.hasPrefix("more than \(most) values") == true)
  }

  @Test func readsBytes() throws {
    #expect(
      try parse(#"[{"$base64":true,"encoded":"/w=="}]"#) == .positional([.blob([0xff])]))
    #expect(
      try parse(#"[{ "encoded":"/w==" , "type":"text","$base64":true}]"#)
        == .positional([.text([0xff])]))
  }

  @Test func readsNumbers() throws {
    #expect(
      try parse("[9223372036854775807,-9223372036854775808]")
        == .positional([.integer(.max), .integer(.min)]))
    #expect(
      try parse("[9e999,-9e999,5e-324,1E+2,1e-2,0.30000000000000004]")
        == .positional([
          .real(.infinity), .real(-.infinity), .real(.leastNonzeroMagnitude), .real(100),
          .real(0.01),
          .real(0.1 + 0.2),
        ]))
    let long = "[0." + String(repeating: "3", count: 100_000) + "]"
    #expect(try parse(long) == .positional([.real(1.0 / 3)]))
  }

  @Test(arguments: [
    ("x", "neither an array nor an object at byte 0"),
    (" ", "neither an array nor an object at byte 1"),
    ("1", "neither an array nor an object at byte 0"),
    ("[", "the end instead of a value at byte 1"), ("[1", "no comma and no ] at byte 2"),
    ("[1,]", "no value at byte 3"), ("[,1]", "no value at byte 1"),
    ("[1] 2", "more than one value at byte 4"), ("[01]", "a number with a leading zero at byte 1"),
    ("[-]", "no digit at byte 2"), ("[1.]", "no digit at byte 3"), ("[1e]", "no digit at byte 3"),
    ("[.5]", "no value at byte 1"), ("[+1]", "no value at byte 1"), ("[NaN]", "no value at byte 1"),
    ("[nul]", "no value at byte 1"), ("[1 2]", "no comma and no ] at byte 3"),
    ("[9223372036854775808]", "a whole number beyond 64 bits at byte 1"),
    ("[-9223372036854775809]", "a whole number beyond 64 bits at byte 1"),
    ("[100000000000000000000]", "a whole number beyond 64 bits at byte 1"),
    ("[1,[2]]", "an array within the parameters at byte 3"),
    ("[1,{}]", "an object that does not carry bytes at byte 3"),
    (#"[{"$base64":true}]"#, "an object that does not carry bytes at byte 1"),
    (#"[{"$base64":false,"encoded":""}]"#, "an object that does not carry bytes at byte 1"),
    (#"[{"$base64":true,"encoded":"","x":1}]"#, "an object that does not carry bytes at byte 1"),
    (#"[{"$base64":true,"encoded":"Zg"}]"#, "no base64 at byte 27"),
    (#"["a"#, "a string without end at byte 1"),
    ("[\"a\nb\"]", "a control character in a string at byte 3"),
    (#"["\x"]"#, "an unknown escape in a string at byte 3"),
    (#"["\ud800"]"#, "half a surrogate pair in a string at byte 4"),
    (#"["\u12"]"#, "no four hex digits after \\u at byte 6"),
    (#"{"a":1,"a":2}"#, "'a' given twice, the second time at byte 11"),
    (#"{"a":1,}"#, "no key at byte 7"), (#"{"a" 1}"#, "no colon at byte 5"),
    ("{a:1}", "no key at byte 1"),
    (#"{"a":{"b":1}}"#, "an object that does not carry bytes at byte 5"),
  ])
  func refuses(json: String, why: String) {
    #expect(problem(Array(json.utf8)) == why)
  }

  @Test func refusesInvalidUTF8() {
    #expect(problem([0x5b, 0x22, 0xff, 0x22, 0x5d]) == "a string that is not UTF-8 at byte 1")
    #expect(problem(Array("{\"".utf8) + [0xc0, 0x80] + Array("\":1}".utf8)) != nil)
    #expect(problem([0xef, 0xbb, 0xbf, 0x5b, 0x5d]) != nil)
  }

  @Test func tellsApartNamesThatLookEqual() throws {
    let parameters = try parse(#"{"\u00e9":1,"e\u0301":2}"#)
    guard case .named(let values) = parameters else { throw Unexpected() }
    #expect(values.count == 2)
  }

  @Test func deepNestingIsAnErrorNotACrash() {
    #expect(problem(Array(repeating: UInt8(ascii: "["), count: 1_000_000)) != nil)
    #expect(problem(Array(String(repeating: "[{\"a\":", count: 100_000).utf8)) != nil)
  }

  @Test func roundTripsExtremes() throws {
    guard case .positional(let read) = try parse(Parameters.positional(extremes).json()) else {
      throw Unexpected()
    }
    #expect(areIdentical(read, extremes))
    let named = Parameters.named(extremes.enumerated().map { ("p\"\($0.offset)\n", $0.element) })
    #expect(try parse(named.json()) == named)
  }

  @Test func roundTripsRandomNumbers() throws {
    var random = SeededRandom(seed: 2)
    let values = (0..<50_000).map { index -> Value in
      index % 2 == 0
        ? .real(random.double())
        : .integer(Int64(bitPattern: random.next()) >> (random.next() % 64))
    }
    guard case .positional(let read) = try parse(Parameters.positional(values).json()) else {
      throw Unexpected()
    }
    #expect(areIdentical(read, values))
  }

  @Test func survivesMutations() throws {
    var random = SeededRandom(seed: 3)
    let seeds = [
      #"[null,true,-5,1.5e3,"a\u00e9\ud83d\ude00",{"$base64":true,"encoded":"Zm8="}]"#,
      #"{"id":1,":n":"x","b":{"$base64":true,"type":"text","encoded":"/w=="},"r":9e999}"#,
    ].map { Array($0.utf8) }
    var accepted = 0
    for index in 0..<100_000 {
      var bytes = seeds[index % 2]
      for _ in 0...(random.next() % 4) {
        let at = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 4 {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(bytes[Int(random.next() % UInt64(bytes.count))], at: at)
        default: bytes.removeSubrange(at...)
        }
        if bytes.isEmpty { bytes = [0x5b] }
      }
      guard let parameters = try? parse(bytes) else { continue }
      accepted += 1
      #expect(try parse(parameters.json()) == parameters)
    }
    #expect(accepted > 100)
  }
}

struct Unexpected: Error {}
