import ArgumentParser
import Commands
import Glibc
import Toolkit
import Wire

/// Feeds what reads from outside with random and with mutated real traffic.
@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "xodb-fuzz",
    discussion: """
      Exit status: 0 nothing was found, 1 something was: then the seed and the case are told, and \
      --seed S --case N runs that one again and prints its inputs.
      """)

  @Option(help: "How many cases to run.") var cases: UInt64 = 1_000_000
  @Option(help: "Cases are the same with the same seed (default: the time).") var seed: UInt64?
  @Option(name: .customLong("case"), help: "Run this case alone.") var number: UInt64?

  func run() throws {
    try Self.hashEqually()
    let seed = seed ?? UInt64(Clock.now().microseconds)
    LastWords.prepare(seed: seed)
    let fuzzer = try Fuzzer(seed: seed)
    if let number {
      LastWords.note(number)
      do { try fuzzer.run(number, trace: Self.printInput) } catch { fail(error, seed, number) }
      return
    }
    Self.say("seed \(seed)")
    let start = Clock.now()
    for number in 0..<cases {
      LastWords.note(number)
      do { try fuzzer.run(number) } catch { fail(error, seed, number) }
    }
    Self.say("\(cases) cases in \(Clock.now().microseconds(since: start) / 1000) ms")
  }

  private func fail(_ finding: Finding, _ seed: UInt64, _ number: UInt64) -> Never {
    Self.printInput(finding.bytes)
    Diagnostics.report("\(finding.why): --seed \(seed) --case \(number)")
    Glibc.exit(1)
  }

  private static func printInput(_ bytes: [UInt8]) {
    var text = ByteBuffer()
    bytes.withUnsafeBytes { Hex.append($0, to: &text) }
    say("input \(String(decoding: text.bytes, as: UTF8.self))")
  }

  /// Prints a line at once: what comes next may be the end.
  private static func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
  }

  /// Starts the program again where hashes are random: then the order of sets is, too, and no case
  /// would be the same again.
  private static func hashEqually() throws {
    let variable = "SWIFT_DETERMINISTIC_HASHING"
    guard getenv(variable) == nil else { return }
    setenv(variable, "1", 1)
    var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
    execv("/proc/self/exe", &arguments)
    throw ToolError.system("start again")
  }

  static func main() { Tool.main(Self.self) }
}
