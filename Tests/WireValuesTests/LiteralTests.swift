import TestSupport
import Testing

@testable import Wire

@Suite struct LiteralTests {
  @Test(arguments: [
    ("0", Value.integer(0)), ("-5", .integer(-5)), ("9223372036854775807", .integer(.max)),
    ("-9223372036854775808", .integer(.min)), ("1.5", .real(1.5)), ("1.0e+20", .real(1e20)),
    ("1e+20", .real(1e20)), ("0.1", .real(0.1)), ("0.3", .real(0.3)),
    ("0.30000000000000004", .real(0.1 + 0.2)), ("100000000000000.0", .real(1e14)),
    ("1.0e+15", .real(1e15)), ("1.0e-05", .real(1e-5)), ("1e-05", .real(1e-5)),
    ("4.94065645841247e-324", .real(.leastNonzeroMagnitude)),
    ("5e-324", .real(.leastNonzeroMagnitude)),
    ("1.23456789012346e+17", .real(1.23456789012346e17)), ("0.0", .real(0)),
    ("1.79769313486232e+308", .real(.greatestFiniteMagnitude)),
    ("-1.79769313486232e+308", .real(-.greatestFiniteMagnitude)),
    ("1.79769313486231e+308", .real(1.79769313486231e308)),
    ("9e999", .real(.infinity)),
    ("-9e999", .real(-.infinity)), ("-0.0", .real(-0.0)),
  ])
  func numbers(text: String, value: Value) {
    #expect(areIdentical([Value(literal: text)], [value]))
  }

  @Test(arguments: [
    "", "02134", "1e3", "1.50", "Inf", "-Inf", "inf", "nan", "NaN", "+1", "0x10", " 1", "1 ", "-0",
    "00",
    "-", ".", "1.", ".5", "-.5", "1e400", "9e998", "1e5", "1E+20", "1.0e20", "1.0e5",
    "9223372036854775808",
    "-9223372036854775809", "1_000", "١", "0x1p3", "1.0.0", "2026-11-21", "1e", "--1", "infinity",
    "1.79769313486233e+308", "1.797693134862320e+308", "0.10000000000000000555",
    "1.23456789012345678", "100000000000000000000.0",
  ])
  func text(text: String) {
    #expect(Value(literal: text) == .text(text))
  }

  @Test func printedRealsComeBack() {
    var random = SeededRandom(seed: 6)
    for _ in 0..<50_000 {
      let number = random.double()
      #expect(Value(literal: number.description) == .real(number))
      // SQLite's text has 15 digits: what it reads as is a number that SQLite prints so.
      let printed = Wire.Numeral.sqliteText(number)
      let reread = Double(String(decoding: printed, as: UTF8.self)) ?? .nan
      if reread.isFinite {
        #expect(printed.withUnsafeBytes { Value(literal: $0) } == .real(reread))
      }
    }
  }
}
